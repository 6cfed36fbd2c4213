"""Waiting for threads so that Ctrl-C gets through."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, wait
from typing import Any, Literal

_LOOK_UP = 0.25  # seconds; a signal that another thread received is seen this late at most

Until = Literal["FIRST_EXCEPTION", "FIRST_COMPLETED", "ALL_COMPLETED"]


def wait_for(futures: Iterable[Future[Any]], until: Until = "ALL_COMPLETED") -> set[Future[Any]]:
    """Those that are done, once `until` is true.

    A lock that the main thread waits for without end is not interrupted when the system hands
    the signal to another thread, so this looks up now and then.
    """
    pending = set(futures)
    done: set[Future[Any]] = set()
    while pending:
        found, pending = wait(pending, _LOOK_UP, return_when=until)
        done |= found
        if found and until == "FIRST_COMPLETED":
            break
        if until == "FIRST_EXCEPTION" and any(one.exception() for one in found if not one.cancelled()):
            break
    return done
