"""Seeds run together on servers of their own, in whatever process."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults import hostile, kills, pushes
from tests.faults.hostile import Attacked
from tests.faults.kills import Killed
from tests.faults.pushes import Outcome

PROMISES = {"push": pushes.PROMISES, "kill": kills.PROMISES, "hostile": hostile.PROMISES}


class Judged(NamedTuple):
    """A run: the promises that it could break, "" for those that it kept, and what it was.

    `more` is how many bytes were sent beyond the image's, where that is counted.
    """

    seed: int
    promises: dict[str, str]
    what: str
    more: int | None = None


def run(kind: str, seeds: Sequence[int]) -> list[Judged]:
    """Run these seeds of a kind, one after the other; skopeo reads back too where it is installed."""
    # Loading the system's authorities takes longer than a push, and plain http needs none.
    os.environ["SSL_CERT_FILE"] = os.devnull
    with tempfile.TemporaryDirectory(prefix="clouddeploy-faults-") as scratch:
        return [_judged(seed, one) for seed, one in _run(kind, seeds, Path(scratch))]


def _run(kind: str, seeds: Sequence[int], folder: Path) -> Iterator[tuple[int, Outcome | Killed | Attacked]]:
    skopeo = shutil.which("skopeo") is not None
    if kind == "hostile":
        mean = hostile.Bench(folder)
        yield from ((seed, mean.run(seed)) for seed in seeds)
    elif kind == "kill":
        with kills.Bench(folder) as killing:
            yield from ((seed, killing.run(seed)) for seed in seeds)
    else:
        with pushes.Bench(folder) as pushing:
            yield from ((seed, pushing.run(seed, skopeo=skopeo)) for seed in seeds)


def _judged(seed: int, found: Outcome | Killed | Attacked) -> Judged:
    more = found.extra if isinstance(found, Killed) and found.died else None
    return Judged(seed, found.judged(), _what(found), more)


def _what(found: Outcome | Killed | Attacked) -> str:
    if isinstance(found, Killed):
        return f"{found.where}, {found.committed} blobs committed, {found.extra} bytes more"
    verdict = found.verdict
    end = f"{verdict.end} {verdict.message[:120]}" if verdict else "no end"
    return f"{found.attack if isinstance(found, Attacked) else found.plan}: {end}"
