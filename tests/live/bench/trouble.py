"""What goes wrong with the bench: which part, why, and what to do."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3

from clouddeploy.errors import CloudDeployError

FULL = "free some disk space, then make bench-down bench-up"
AGAIN = "make bench-down bench-up"


class BenchError(Exception):
    """A part that does not come up."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(f"{message}\nfix: {fix}")


@contextmanager
def named(part: str) -> Iterator[None]:
    """Turn whatever a part can trip over into a BenchError that names it."""
    try:
        yield
    except OSError as error:
        fix = FULL if error.errno == errno.ENOSPC else AGAIN
        raise BenchError(f"{part}: {error}", fix=fix) from error
    except (CloudDeployError, urllib3.exceptions.HTTPError, subprocess.SubprocessError) as error:
        raise BenchError(f"{part}: {error}", fix=AGAIN) from error
