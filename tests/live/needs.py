"""Programs that live tests need: where they are missing the test is skipped, where they must be it fails."""

from __future__ import annotations

import shutil

from tests.live import found


def need(program: str, part: str = "Docker Engine") -> str:
    """The path of a program; skips the test without it, for `part` of the closing lines.

    On Debian as root with CI=true it fails instead: there everything can be installed, and
    a test that is always skipped proves nothing.
    """
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        found.missing(part, f"{program} is not installed")
    return str(path)
