"""What goes wrong with a registry, as data: which call of which endpoint, at which byte, what."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from clouddeploy.emulator.registry.endpoints import Endpoint

Action = Literal[
    "reset",  # read `offset` bytes of the request's body, then reset; nothing is done but for those
    "stall",  # read as many, be silent for `seconds`, then reset
    "status",  # read as many (None: all), then answer `status`; nothing is applied
    "lose",  # apply, then reset without a byte of the answer
    "cut",  # apply, send `offset` bytes of the answer, head included, then hang up
    "forget",  # lose the upload session, then go on: it is unknown
    "expire",  # let every token be too old, then go on: 401
    "empty",  # 200 with {} : a token server's answer without a token
    "decline",  # do not mount: open an upload session instead
    "call",  # read `offset` bytes, run the script's hook, then go on
    "call-after",  # apply, run the hook, then answer
]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: with calls `nth` to `nth + times - 1` of an endpoint.

    `nth` counts from 1 among the requests of `endpoint`, or among all for "any"; with `times`
    None it lasts for ever. `offset` counts bytes, see Action. `retry_after` is in seconds; it is sent
    as an HTTP date when `dated`.
    """

    endpoint: Endpoint | Literal["any"]
    action: Action
    nth: int = 1
    times: int | None = 1
    offset: int | None = None
    status: int = 503
    retry_after: int | None = None
    dated: bool = False
    seconds: float = 0.0

    def hits(self, call: int) -> bool:
        """Whether this is what happens to the `call`th request of its endpoint."""
        return call >= self.nth and (self.times is None or call < self.nth + self.times)

    def __str__(self) -> str:
        often = "for ever" if self.times is None else f"x{self.times}"
        told = (
            "" if self.retry_after is None else f" after {self.retry_after}{' dated' if self.dated else ''}"
        )
        what = f"{self.status}{told}" if self.action == "status" else self.action
        where = "" if self.offset is None else f" at byte {self.offset}"
        return f"{what} {often} from {self.endpoint} {self.nth}{where}"


class Script:
    """Faults, and how many requests of each endpoint there were. Thread-safe.

    Of several faults that hit the same request the first one happens.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.faults = tuple(faults)
        self._calls: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, endpoint: Endpoint) -> Fault | None:
        """Count a request; the fault that hits it."""
        with self._lock:
            calls = {name: self._calls.get(name, 0) + 1 for name in (endpoint, "any")}
            self._calls.update(calls)
        hit = (
            fault for fault in self.faults if fault.endpoint in calls and fault.hits(calls[fault.endpoint])
        )
        return next(hit, None)
