"""How many requests a token may send, and how many Droplets an account may have.

Source of the first: "Rate Limit" in digitalocean/openapi.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence

from clouddeploy.emulator.clock import Clock
from clouddeploy_digitalocean.emulator.answers import ApiError, invalid
from clouddeploy_digitalocean.emulator.records import Pool

_HOURLY, _BURST = 5000, 250
_HOUR, _MINUTE = 3600, 60


class RateLimit:
    """Every request counts for one hour from its own moment, in emulated time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._requests: deque[float] = deque()

    def count(self) -> None:
        """One more request; 429 when it is one too many, and then it does not count."""
        with self._lock:
            now = self._settled()
            if len(self._requests) >= _HOURLY:
                raise ApiError(429, "API Rate limit exceeded.")
            if len(self._requests) >= _BURST and now - self._requests[-_BURST] < _MINUTE:
                wait = str(max(1, round(_MINUTE - (now - self._requests[-_BURST]))))
                raise ApiError(429, "API Rate limit exceeded.", retry_after=wait, ratelimit_remaining="0")
            self._requests.append(now)

    def use_up(self) -> None:
        """Let the hour's requests be used up."""
        with self._lock:
            self._requests = deque([self._clock.now()] * _HOURLY)

    def forget(self) -> None:
        """Let no request have been sent."""
        with self._lock:
            self._requests.clear()

    def headers(self) -> Mapping[str, str]:
        """What every answer tells; `ratelimit-reset` is when the oldest request counts no more."""
        with self._lock:
            now = self._settled()
            oldest = self._requests[0] if self._requests else now
            return {
                "ratelimit-limit": str(_HOURLY),
                "ratelimit-remaining": str(_HOURLY - len(self._requests)),
                "ratelimit-reset": str(int(time.time() + oldest + _HOUR - now)),
            }

    def _settled(self) -> float:
        now = self._clock.now()
        while self._requests and now - self._requests[0] >= _HOUR:
            self._requests.popleft()
        return now


def check_droplets(wanted: Sequence[Pool], used: int, instead: int, limit: int) -> None:
    """Whether these pools fit beside the Droplets that are `used`, `instead` of some of them.

    A pool that scales counts with what it may grow to: digitalocean/doctl#1619.
    """
    for doing, nodes in (
        ("", sum(len(one.nodes) for one in wanted)),
        ("autoscale desired max nodes exceed limits, ", sum(one.largest for one in wanted)),
    ):
        more = nodes - instead
        if more > 0 and used + more > limit:
            raise invalid(f"{doing}{more} additional nodes but not enough available droplet limit")
