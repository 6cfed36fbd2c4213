"""GKE's operations: PENDING, RUNNING, DONE, whether well or badly."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from clouddeploy.emulator.clock import Clock
from clouddeploy_gcp.emulator import rules
from clouddeploy_gcp.emulator.answers import ApiError, Json, Request
from clouddeploy_gcp.emulator.messages import container, read, write
from clouddeploy_gcp.emulator.records import Failure, Operation, Record

_PENDING_SECONDS = 2.0


class Operations:
    """Every operation so far."""

    def __init__(self, project: str, clock: Clock, url: str) -> None:
        self._project = project
        self._clock = clock
        self._url = url
        self._all: dict[str, Operation] = {}

    def start(
        self, kind: str, record: Record, seconds: float, finish: Callable[[Failure | None], None]
    ) -> Operation:
        """Begin one that ends in `seconds`."""
        name = f"operation-{int(self._clock.now() * 1000)}-{uuid.uuid4()}"
        now = self._clock.now()
        operation = Operation(
            name, kind, record.message.location, record.message.name, now, now + seconds, finish
        )
        self._all[name] = operation
        return operation

    def settle(self) -> None:
        """Finish what is due, in order."""
        now = self._clock.now()
        due = [one for one in self._all.values() if not one.finished and one.done_at <= now and one.ready()]
        for operation in sorted(due, key=lambda one: one.done_at):
            operation.finished = True
            operation.finish(operation.failure)

    def due_in(self) -> float:
        """Seconds until the next one ends; 0 for none."""
        running = [one.done_at for one in self._all.values() if not one.finished]
        return max(0.0, min(running) - self._clock.now()) if running else 0.0

    def refuse_busy(self, key: tuple[str, str]) -> None:
        """FAILED_PRECONDITION while an operation of this cluster runs."""
        running = (
            one for one in self._all.values() if not one.finished and (one.location, one.target) == key
        )
        operation = next(running, None)
        if operation:
            raise rules.busy(operation.name)

    def find(self, location: str, name: str) -> Operation:
        """By name; NOT_FOUND for none."""
        found = self._all.get(name)
        if found is None or found.location != location:
            path = f"projects/{self._project}/locations/{location}/operations/{name}"
            raise ApiError("NOT_FOUND", f"Not found: {path}.")
        return found

    def list(self, location: str, request: Request) -> Json:
        """Those of a place, `-` for all."""
        found = [one for one in self._all.values() if location in {"-", one.location}]
        return {"operations": [self.show(one, request) for one in found]}

    def show(self, operation: Operation, request: Request) -> Json:
        """As the API writes it."""
        place = f"projects/{self._project}/locations/{operation.location}"
        found: Json = {
            "name": operation.name,
            "zone": operation.location,
            "location": operation.location,
            "operationType": operation.kind,
            "status": self._status(operation),
            "selfLink": f"{self._url}/v1/{place}/operations/{operation.name}",
            "targetLink": f"{self._url}/v1/{place}/clusters/{operation.target}",
            "startTime": operation.started.isoformat(),
        }
        if operation.finished and operation.failure:
            failure = operation.failure
            found["error"] = {"code": failure.code, "message": failure.message}
            found["statusMessage"] = failure.message
            found["clusterConditions"] = [{"code": failure.condition, "message": failure.message}]
        return write(read(container("Operation"), found), request)

    def _status(self, operation: Operation) -> str:
        if operation.finished:
            return "DONE"
        waiting = self._clock.now() < operation.begun_at + _PENDING_SECONDS
        return "PENDING" if waiting else "RUNNING"
