"""Keeps the memory of a push with many threads small, where the C library can be told so: glibc."""

from __future__ import annotations

import ctypes
import functools
import sys
from typing import Any

_M_ARENA_MAX = -8  # malloc.h
_BETWEEN = 16 * 1024 * 1024  # bytes; it takes a few milliseconds


def share_one_arena() -> None:
    """Let all threads allocate from one place (mallopt(3)).

    glibc gives each thread an arena of its own, and what the pieces of layers leave in them adds
    up. The large allocations here are few and short, so nobody waits for another's lock.
    """
    if libc := _glibc():
        libc.mallopt(_M_ARENA_MAX, 1)


class Sparing:
    """Gives what is free between the pieces of layers back to the system now and then (malloc_trim(3))."""

    def __init__(self) -> None:
        self._passed = 0

    def passed(self, amount: int) -> None:
        """So many bytes more have been on their way."""
        self._passed += amount
        if self._passed >= _BETWEEN:
            self._passed = 0
            if libc := _glibc():
                libc.malloc_trim(0)


@functools.cache
def _glibc() -> Any:
    """None with another C library."""
    found = ctypes.CDLL(None) if sys.platform == "linux" else None
    return found if hasattr(found, "mallopt") and hasattr(found, "malloc_trim") else None
