"""Faults on demand: the cloud's own errors, and replies that get lost."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError


@dataclass
class Fault:
    """What goes wrong with `times` calls of `action` ("*" for any) of a service, after the next `skip`.

    With `lost` the call is carried out and only its reply is lost.
    """

    service: str
    action: str
    code: str = "ServiceUnavailable"
    message: str = "The service is unavailable"
    status: int = 503
    times: int = 1
    lost: bool = False
    skip: int = 0
    members: Mapping[str, Any] = field(default_factory=dict)

    def error(self) -> ServiceError:
        return ServiceError(self.code, self.message, status=self.status, **self.members)


class Faults:
    """The faults that are waiting for their call."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, service: str, action: str) -> Fault | None:
        """The fault for this call, counted down."""
        with self._lock:
            for fault in self._waiting:
                if fault.service == service and fault.action in {action, "*"} and fault.times > 0:
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def give_back(self, fault: Fault) -> None:
        """Let the fault wait for another call: this one was refused, so that no reply could be lost."""
        with self._lock:
            fault.times += 1
