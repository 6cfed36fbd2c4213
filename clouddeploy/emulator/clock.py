"""Emulated time: what takes minutes in the cloud takes seconds here, or none when a test says so."""

from __future__ import annotations

import threading
import time


class Clock:
    """Emulated seconds since the start: `pace` of them pass in a real one."""

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self._start = time.monotonic()
        self._skipped = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Emulated seconds since the start."""
        with self._lock:
            return (time.monotonic() - self._start) * self.pace + self._skipped

    def elapsed(self) -> float:
        """Real seconds since the start, and those that were skipped.

        For what a client reads off its own clock, such as the end of a login: no pace hastens that.
        """
        with self._lock:
            return time.monotonic() - self._start + self._skipped

    def advance(self, seconds: float) -> None:
        """Let `seconds` emulated seconds pass at once."""
        with self._lock:
            self._skipped += seconds
