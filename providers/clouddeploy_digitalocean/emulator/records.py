"""What the emulated account holds."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from clouddeploy.emulator.clusters import KubernetesApi

CREATING_SECONDS = 300.0
DELETING_SECONDS = 60.0
UPGRADING_SECONDS = 300.0
NODE_SECONDS = 60.0
"""Emulated seconds; DigitalOcean says "several minutes" for a cluster."""


def stamp() -> str:
    """Now, as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Member(NamedTuple):
    """What is in a VPC; `kind` is a word of its URN."""

    kind: str
    id: str
    name: str


@dataclass
class Vpc:
    """A private network."""

    name: str
    region: str
    description: str
    ip_range: str
    default: bool
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=stamp)

    def show(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "urn": f"do:vpc:{self.id}",
            "name": self.name,
            "description": self.description,
            "region": self.region,
            "ip_range": self.ip_range,
            "default": self.default,
            "created_at": self.created,
        }


@dataclass
class Node:
    """One Droplet of a pool; emulated seconds."""

    ready_at: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=stamp)

    def name(self, pool: str) -> str:
        """The Droplet's and the Kubernetes node's."""
        return f"{pool}-{self.id[:8]}"

    def show(self, pool: str, number: int, now: float) -> dict[str, Any]:
        state = "running" if now >= self.ready_at else "provisioning"
        return {
            "id": self.id,
            "name": self.name(pool),
            "status": {"state": state},
            "droplet_id": str(500000000 + number),
            "created_at": self.created,
            "updated_at": self.created,
        }


@dataclass
class Pool:
    """A node pool."""

    name: str
    size: str
    tags: list[str]
    nodes: list[Node]
    labels: dict[str, str] = field(default_factory=dict)
    taints: list[dict[str, str]] = field(default_factory=list)
    auto_scale: bool = False
    min_nodes: int = 0
    max_nodes: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def largest(self) -> int:
        """How many nodes it may have without another request."""
        return max(len(self.nodes), self.max_nodes if self.auto_scale else 0)

    def resize(self, count: int, now: float) -> None:
        """New nodes take a minute, surplus ones go at once."""
        more = count - len(self.nodes)
        self.nodes = [*self.nodes[:count], *(Node(now + NODE_SECONDS) for _ in range(more))]

    def show(self, now: float, cluster: str) -> dict[str, Any]:
        """`cluster` is the id of the cluster, which is one of the tags that DOKS gives every pool."""
        return {
            "id": self.id,
            "name": self.name,
            "size": self.size,
            "count": len(self.nodes),
            "tags": list(dict.fromkeys(["k8s", f"k8s:{cluster}", "k8s-worker", *self.tags])),
            "labels": self.labels or None,
            "taints": self.taints,
            "auto_scale": self.auto_scale,
            "min_nodes": self.min_nodes,
            "max_nodes": self.max_nodes,
            "nodes": [node.show(self.name, number, now) for number, node in enumerate(self.nodes)],
        }


@dataclass
class Cluster:
    """A cluster; times are emulated seconds. `overlay` is its pods' range where the request names one."""

    name: str
    region: str
    version: str
    vpc: str
    tags: list[str]
    pools: list[Pool]
    ha: bool
    switches: dict[str, bool]
    subnets: dict[str, str]
    overlay: str
    maintenance: dict[str, str]
    extras: dict[str, Any]
    ready_at: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=stamp)
    gone_at: float | None = None
    upgraded_at: float | None = None
    next_version: str = ""
    failure: str = ""
    registries: list[str] = field(default_factory=list)
    api: KubernetesApi | None = None
    tokens: dict[str, datetime] = field(default_factory=dict)

    def settle(self, now: float) -> None:
        """Let an upgrade end whose time has come."""
        if self.upgraded_at is not None and now >= self.upgraded_at:
            self.version, self.next_version, self.upgraded_at = self.next_version, "", None

    def state(self, now: float, going: str = "deleted") -> str:
        """One of the states of the specification; `going` while it is being deleted."""
        if self.gone_at is not None:
            return going
        if self.failure and now >= self.ready_at:
            return "error"
        if now < self.ready_at or self.api is None:
            return "provisioning"
        return "upgrading" if self.upgraded_at is not None else "running"

    def members(self) -> list[Member]:
        """The cluster and its Droplets."""
        nodes = [Member("droplet", one.id, one.name(pool.name)) for pool in self.pools for one in pool.nodes]
        return [Member("kubernetes", self.id, self.name), *nodes]

    def token(self, life: timedelta) -> tuple[str, datetime]:
        """A new bearer token of the cluster's Kubernetes API."""
        value, expires = f"dop_v1_{uuid.uuid4().hex}{uuid.uuid4().hex}", datetime.now(UTC) + life
        self.tokens[value] = expires
        return value, expires

    def show(self, now: float, going: str) -> dict[str, Any]:
        state = self.state(now, going)
        ready = state in {"running", "upgrading"} and self.api is not None
        return {
            "id": self.id,
            "name": self.name,
            "region": self.region,
            "version": self.version,
            **self.subnets,
            "vpc_uuid": self.vpc,
            "ipv4": "",
            "endpoint": self.api.url if ready and self.api else "",
            "tags": [*self.tags, "k8s", f"k8s:{self.id}"],
            "node_pools": [pool.show(now, self.id) for pool in self.pools],
            "maintenance_policy": self.maintenance,
            **self.switches,
            **self.extras,
            "ha": self.ha,
            "registry_enabled": bool(self.registries),
            "registries": list(self.registries) or None,
            "status": {"state": state, "message": self.failure} if self.failure else {"state": state},
            "created_at": self.created,
            "updated_at": self.created,
        }


@dataclass(frozen=True)
class Balancer:
    """A load balancer of a cluster's Service."""

    name: str
    region: str
    vpc: str
    cluster: str
    ip: str = "203.0.113.7"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=stamp)

    def show(self) -> dict[str, Any]:
        rule = {"entry_protocol": "tcp", "entry_port": 80, "target_protocol": "tcp", "target_port": 30080}
        return {
            "id": self.id,
            "name": self.name,
            "ip": self.ip,
            "size_unit": 1,
            "algorithm": "round_robin",
            "status": "active",
            "created_at": self.created,
            "forwarding_rules": [rule],
            "vpc_uuid": self.vpc,
            "region": {
                "name": self.region,
                "slug": self.region,
                "sizes": [],
                "features": [],
                "available": True,
            },
            "droplet_ids": [],
            "tag": "",
        }


@dataclass(frozen=True)
class Volume:
    """A block storage volume of a cluster's claim."""

    name: str
    region: str
    cluster: str
    gib: int = 10
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=stamp)

    def show(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "droplet_ids": [],
            "name": self.name,
            "description": "Created by DigitalOcean CSI driver",
            "size_gigabytes": self.gib,
            "created_at": self.created,
            "tags": [f"k8s:{self.cluster}"],
            "region": {
                "name": self.region,
                "slug": self.region,
                "sizes": [],
                "features": [],
                "available": True,
            },
            "filesystem_type": "ext4",
            "filesystem_label": "",
        }
