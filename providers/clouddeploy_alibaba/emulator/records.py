"""What ACK keeps about a cluster, its node pools, its add-ons and its tasks; times are emulated seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clouddeploy.emulator.clusters import KubernetesApi

CREATING_SECONDS = 600.0
DELETING_SECONDS = 240.0
LINGERING_SECONDS = 180.0
"""Minutes were seen in 2026."""
UPGRADING_SECONDS = 300.0
NODES_SECONDS = 120.0
POOL_DELETING_SECONDS = 60.0
DRAINING_SECONDS = 1800.0
"""How long ACK drains nodes whose pods may not go. Source: ACK documentation, "Remove a node"."""
ADDON_SECONDS = 20.0


@dataclass
class TaskRecord:
    """Work on a cluster: running until `ends`, then a success, or a failure with an error."""

    id: str
    type: str
    created: float
    ends: float
    error: str = ""

    def state(self, now: float) -> str:
        if now < self.ends:
            return "running"
        return "fail" if self.error else "success"


@dataclass
class PoolRecord:
    """A node pool."""

    id: str
    name: str
    request: dict[str, Any]
    created: float
    desired: int
    serving: int
    busy_until: float
    gone_at: float | None = None
    failing: bool = False

    def settle(self, now: float) -> None:
        """Let nodes arrive, or leave, once their time has come."""
        if now >= self.busy_until and not self.failing:
            self.serving = self.desired

    def state(self, now: float) -> str:
        if self.gone_at is not None:
            return "deleting"
        return "scaling" if now < self.busy_until else "active"


@dataclass
class AddonRecord:
    """An installed add-on."""

    name: str
    version: str
    config: str
    ready_at: float
    gone_at: float | None = None

    def state(self, now: float) -> str:
        if self.gone_at is not None:
            return "deleting"
        return "active" if now >= self.ready_at else "installing"


@dataclass
class ClusterRecord:
    """One cluster."""

    id: str
    name: str
    request: Mapping[str, Any]
    version: str
    created: float
    ready_at: float
    tags: dict[str, str]
    listed_at: float = 0.0
    gone_at: float | None = None
    failure: str = ""
    upgrade: tuple[str, float] | None = None
    api: KubernetesApi | None = None
    api_error: str = ""
    pools: dict[str, PoolRecord] = field(default_factory=dict)
    addons: dict[str, AddonRecord] = field(default_factory=dict)
    tasks: list[TaskRecord] = field(default_factory=list)

    def settle(self, now: float) -> None:
        """Let what takes time happen."""
        if self.upgrade and now >= self.upgrade[1]:
            self.version, self.upgrade = self.upgrade[0], None
        for pool in list(self.pools.values()):
            pool.settle(now)
            if pool.gone_at is not None and now >= pool.gone_at:
                del self.pools[pool.id]
        for addon in list(self.addons.values()):
            if addon.gone_at is not None and now >= addon.gone_at:
                del self.addons[addon.name]

    def state(self, now: float) -> str:
        """initial, running, failed, upgrading or deleting."""
        if self.gone_at is not None:
            return "deleting"
        if now < self.ready_at:
            return "initial"
        if self.failure or self.api_error:
            return "failed"
        if self.upgrade:
            return "upgrading"
        return "running" if self.api else "initial"
