"""Clocks that make waiting cheap."""

from __future__ import annotations

import time


class Jumping:
    """Sleeping takes no time and moves the clock `pace` times as far; remembers each sleep."""

    def __init__(self, pace: float = 1) -> None:
        self.now = 0.0
        self.pace = pace
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.now += seconds * self.pace


class Fast:
    """For waiting on something that really happens: looks often, and is patient with a busy machine.

    A second of sleep lasts 50 ms; five minutes on the clock last one.
    """

    def monotonic(self) -> float:
        return time.monotonic() * 5

    def sleep(self, seconds: float, /) -> None:
        time.sleep(seconds / 20)
