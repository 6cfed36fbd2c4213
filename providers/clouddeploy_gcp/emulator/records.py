"""What the emulated GKE keeps: clusters, their operations, their instance groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from clouddeploy.emulator.clusters import KubernetesApi

CREATING = 300.0
DELETING = 180.0
UPGRADING = 240.0
RESIZING = 60.0
"""Emulated seconds; a zonal cluster takes 3 to 5 minutes in the cloud."""


@dataclass(frozen=True)
class Failure:
    """How an operation ends badly; with `vanish` a cluster is not even left in ERROR."""

    message: str
    condition: str = "GCE_QUOTA_EXCEEDED"
    code: int = 8
    vanish: bool = False


@dataclass
class Operation:
    """One operation; `finish` makes its effect when its time has come."""

    name: str
    kind: str
    location: str
    target: str
    begun_at: float
    done_at: float
    finish: Callable[[Failure | None], None]
    ready: Callable[[], bool] = lambda: True
    failure: Failure | None = None
    finished: bool = False
    started: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Record:
    """One cluster: its message, its Kubernetes API, and how many nodes each of its groups has."""

    message: Any
    api: KubernetesApi | None = None
    groups: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Location and name."""
        return (str(self.message.location), str(self.message.name))

    @property
    def node_account(self) -> str:
        """The service account of the nodes; `default` for the project's."""
        if self.message.autopilot.enabled:
            defaults = self.message.autoscaling.autoprovisioning_node_pool_defaults
            return str(defaults.service_account or "default")
        return next((str(pool.config.service_account) for pool in self.message.node_pools), "default")
