"""ACR's temporary passwords: another one at each login, each for an hour.

https://www.alibabacloud.com/help/en/acr/developer-reference/api-cr-2018-12-01-getauthorizationtoken
"""

from __future__ import annotations

import secrets
import time

from clouddeploy.emulator.registry import TokenServer
from clouddeploy_alibaba.emulator.clock import Clock

USER = "cr_temp_user"
LIFE = 3600
"""Seconds that a password lasts."""
_MILLISECONDS = 1000


class Logins(TokenServer):
    """Gives tokens to whoever has a password that has not ended."""

    def __init__(self, clock: Clock, *, realm: str, service: str) -> None:
        super().__init__({}, realm=realm, service=service, clock=clock.elapsed)
        self._time = clock
        self._until: dict[str, float] = {}

    def fresh(self) -> tuple[str, str, int]:
        """A user name, a new password, and its end in milliseconds since the epoch."""
        password = secrets.token_urlsafe(48)
        self._until[password] = self._time.elapsed() + LIFE
        return USER, password, int((time.time() + LIFE) * _MILLISECONDS)

    def knows(self, username: str, password: str) -> bool:
        return username == USER and self._until.get(password, 0.0) > self._time.elapsed()
