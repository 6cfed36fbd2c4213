"""Retries that do not wait, and remember how long they would have."""

from __future__ import annotations

from clouddeploy.oci.retry import Retry


class Waits:
    """`retry` for a RegistryClient; `seconds` lists the waits that it asked for."""

    def __init__(self, tries: int = 3) -> None:
        self.seconds: list[float] = []
        self.retry = Retry(tries, 1.0, sleep=self.seconds.append, clock=lambda: sum(self.seconds))
