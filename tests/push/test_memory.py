"""Memory that nobody uses goes back while a push goes on, not at its end."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from clouddeploy.push import memory
from clouddeploy.push.memory import Sparing

_MIB = 1024 * 1024

glibc = pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="only glibc can be told"
)


def _resident() -> int:
    """MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) // 1024


@glibc
def test_what_is_free_between_pieces_that_are_kept_is_given_back() -> None:
    sparing = Sparing()
    pieces = [bytearray(b"x") * 100_000 for _ in range(1000)]
    kept = pieces[::50]
    before = _resident()
    del pieces
    sparing.passed(8 * _MIB)
    assert before - _resident() < 20, "the system's calls are not free: it is done now and then"
    sparing.passed(8 * _MIB)
    assert before - _resident() > 60
    assert len(kept) == 20


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_glibc", lambda: None)
    Sparing().passed(64 * _MIB)
    memory.share_one_arena()
