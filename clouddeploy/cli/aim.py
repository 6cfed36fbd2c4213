"""Commands in a `fix:` line, aimed at the target that the error is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

_AIMLESS = re.compile(r"clouddeploy cluster [a-z]+\b(?!.*--to)")


def aimed(fix: str | None, target: str | None) -> str | None:
    """`fix` with `--to TARGET` behind a cluster command that names no target."""
    if fix is None or target is None:
        return fix
    return _AIMLESS.sub(lambda found: f"{found.group()} --to {target}", fix)


def target_of(words: Sequence[str]) -> str | None:
    """The one target of a command line; None for none, and for several."""
    named = [after for word, after in pairwise(words) if word == "--to"]
    named += [word.removeprefix("--to=") for word in words if word.startswith("--to=")]
    return named[0] if len(named) == 1 and named[0] != "all" and "," not in named[0] else None
