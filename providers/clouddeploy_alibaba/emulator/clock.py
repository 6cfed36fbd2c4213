"""Emulated time in China's time zone, in which ACK writes it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from clouddeploy.emulator import clock

_CHINA = timezone(timedelta(hours=8))


class Clock(clock.Clock):
    """Emulated seconds since the start: `pace` of them pass in a real one."""

    def __init__(self, pace: float) -> None:
        super().__init__(pace)
        self._begin = datetime.now(_CHINA)

    def stamp(self, moment: float) -> str:
        """A moment as ACK writes it."""
        return (self._begin + timedelta(seconds=moment)).isoformat(timespec="microseconds")
