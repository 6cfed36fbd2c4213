"""Where the bench keeps what it builds and what it runs, per user, outside the checkout."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.bench.trouble import BenchError

HERE = Path(__file__).parent


def cache() -> Path:
    """`~/.cache/clouddeploy`, or below XDG_CACHE_HOME."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "clouddeploy"


def programs() -> Path:
    """Binaries built from Go modules, named `program-version`; kept between runs."""
    return cache() / "bin"


def state() -> Path:
    """Everything of one run: configs, keys, logs, data, process ids. Removed by bench-down."""
    return cache() / "bench"


def write(path: Path, text: str) -> Path:
    """Write a file of the bench in one piece, mode 0600: a full disk leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    return path


@contextmanager
def alone() -> Iterator[None]:
    """One bench-up or bench-down of this user at a time; BenchError while another is at work."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "bench.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BenchError("another bench-up or bench-down is at work", fix="wait for its end") from error
        yield
