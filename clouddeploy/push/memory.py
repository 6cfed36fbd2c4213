"""Keeps the memory of a push with many threads small."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8  # malloc.h


def share_one_arena() -> None:
    """Let all threads allocate from one place, where the C library can be told so (mallopt(3)).

    glibc gives each thread an arena of its own, and what the pieces of layers leave in them adds
    up. The large allocations here are few and short, so nobody waits for another's lock.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)
