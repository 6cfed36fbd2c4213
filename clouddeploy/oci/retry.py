"""Trying again: a few times, further and further apart, as politely as the server asks."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from clouddeploy.oci.failures import UnavailableError

_T = TypeVar("_T")


@dataclass(frozen=True)
class Retry:
    """`tries` in all; waits are seconds, doubled each time with up to half as much at random.

    A server's Retry-After is obeyed; one that asks for more than `longest` is not waited for.
    """

    tries: int = 6
    first: float = 0.5
    longest: float = 60.0
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self, call: Callable[[], _T]) -> _T:
        """The result of the first call that does not raise UnavailableError; else the last error."""
        for attempt in range(self.tries - 1):
            try:
                return call()
            except UnavailableError as error:
                if error.after is not None and error.after > self.longest:
                    raise
                self.sleep(self._wait(attempt, error.after))
        return call()

    def _wait(self, attempt: int, after: float | None) -> float:
        backoff = self.first * 2**attempt * (1 + random.random() / 2)  # noqa: S311
        return min(backoff if after is None else max(after, 0), self.longest)


class Pauses:
    """Hosts' wishes to be left alone for a while, kept by every thread that talks to them."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def ask(self, host: str, seconds: float) -> None:
        """Nobody sends the host anything for `seconds` from here on, or as long as `Retry` waits at most."""
        with self._lock:
            until = self._retry.clock() + min(seconds, self._retry.longest)
            self._until[host] = max(self._until.get(host, until), until)

    def keep(self, host: str) -> None:
        """Wait until the host may be asked again; it may ask for longer meanwhile."""
        while (left := self._until.get(host, 0.0) - self._retry.clock()) > 0:
            if self._retry.sleep(left):  # woken, because everything ends
                return


def retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header, in either of its forms (RFC 9110, 10.2.3)."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0)
