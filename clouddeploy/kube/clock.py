"""Time as waiting code sees it; the module `time` is one."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A monotonic clock that can sleep, in seconds."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...
