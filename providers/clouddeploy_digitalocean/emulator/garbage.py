"""Garbage collections of registries.

Source: registries_run_garbageCollection in digitalocean/openapi: while one runs no token for a push is given
out, and what was deleted takes storage until one has succeeded. UNVERIFIED: for how long one runs, and status
and words of what is refused; that there is one at a time is doctl's reference.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from clouddeploy.emulator.clock import Clock
from clouddeploy_digitalocean.emulator.answers import ApiError, not_found
from clouddeploy_digitalocean.emulator.records import stamp

_PHASES = (
    (900.0, "waiting for write JWTs to expire"),  # "which can take up to 15 minutes"
    (960.0, "scanning manifests"),
    (1020.0, "deleting unreferenced blobs"),
)
"""Emulated seconds after its beginning until which a collection is in which state."""


@dataclass
class Collection:
    """One run; `ended` is its last state, empty while it runs."""

    registry: str
    begun: float
    ended: str = ""
    freed: int = 0
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=stamp)

    def status(self, now: float) -> str:
        passed = now - self.begun
        return self.ended or next(name for until, name in _PHASES if passed < until)

    def show(self, now: float) -> dict[str, Any]:
        return {
            "uuid": self.uuid,
            "registry_name": self.registry,
            "status": self.status(now),
            "created_at": self.created,
            "updated_at": stamp(),
            "blobs_deleted": 1 if self.freed else 0,
            "freed_bytes": self.freed,
        }


class Garbage:
    """The runs of each registry, oldest first; `sweep` frees what need not be kept and says how much."""

    def __init__(self, clock: Clock, sweep: Callable[[str], int]) -> None:
        self._clock = clock
        self._sweep = sweep
        self._runs: dict[str, list[Collection]] = {}

    def forget(self, registry: str) -> None:
        """The registry is gone."""
        self._runs.pop(registry, None)

    def running(self, registry: str) -> Collection | None:
        """The one run that has not ended."""
        self.settle(registry)
        return next((one for one in self._runs.get(registry, ()) if not one.ended), None)

    def start(self, registry: str) -> Collection:
        """409 while one runs."""
        if self.running(registry):
            raise ApiError(409, "a garbage collection is already active")
        run = Collection(registry, self._clock.now())
        self._runs.setdefault(registry, []).append(run)
        return run

    def cancel(self, registry: str, wanted: str) -> Collection:
        """404 for one that does not run."""
        run = self.running(registry)
        if run is None or run.uuid != wanted:
            raise not_found()
        run.ended = "cancelled"
        return run

    def past(self, registry: str) -> list[Collection]:
        """The newest first."""
        self.settle(registry)
        return self._runs.get(registry, [])[::-1]

    def show(self, run: Collection) -> dict[str, Any]:
        return run.show(self._clock.now())

    def settle(self, registry: str) -> None:
        """Let a run succeed whose time has come."""
        for run in self._runs.get(registry, ()):
            if not run.ended and self._clock.now() - run.begun >= _PHASES[-1][0]:
                run.ended, run.freed = "succeeded", self._sweep(registry)
