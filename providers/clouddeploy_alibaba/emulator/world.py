"""What the emulated account holds besides clusters and images: networks, load balancers, disks, machines."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field

from clouddeploy_alibaba.emulator.answers import ServiceError
from clouddeploy_alibaba.emulator.clock import Clock

SETTLE_SECONDS = 4.0
"""Emulated seconds until a network resource is Available."""

MACHINES = (
    "ecs.e-c1m2.large",
    "ecs.e-c1m2.xlarge",
    "ecs.e-c1m4.xlarge",
    "ecs.c9i.large",
    "ecs.c9i.xlarge",
    "ecs.c9i.2xlarge",
    "ecs.g9i.xlarge",
    "ecs.g9i.2xlarge",
    "ecs.g9i.4xlarge",
    "ecs.r9i.2xlarge",
    "ecs.t6-c1m2.large",
    "ecs.g8y.xlarge",
)


@dataclass
class Resource:
    """Something with an id, tags, a VPC it is in, and the moment at which it is available.

    `asked` are the parameters of the request that made it, for its ClientToken.
    """

    kind: str
    id: str
    name: str = ""
    vpc_id: str = ""
    vswitch_id: str = ""
    zone: str = ""
    cidr: str = ""
    address: str = ""
    ready_at: float = 0.0
    cluster_id: str = ""
    token: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    size: int = 0
    category: str = "cloud_essd"
    level: str = "PL0"
    attached: bool = False
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """The account's state, shared by the services; hold `lock` while changing it.

    Without `funded` there is no money in the account, without `opened` nobody ever activated ACK.
    """

    account: str
    region: str
    clock: Clock
    resources: dict[str, Resource] = field(default_factory=dict)
    quotas: dict[str, int] = field(default_factory=dict)
    stock: dict[str, tuple[str, ...]] = field(default_factory=dict)
    funded: bool = True
    opened: bool = True
    lock: threading.RLock = field(default_factory=threading.RLock)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """An empty account with the usual quotas; that of namespaces is UNVERIFIED."""
        self.resources.clear()
        self.funded = self.opened = True
        self.quotas = {
            "acr_namespace": 25,
            "amk_cluster_quota": 20,
            "ask_cluster_quota": 20,
            "cluster_nodepool_quota": 20,
            "cluster_quota": 50,
            "node_quota": 100,
            "slb": 60,
            "vpc": 10,
            "vswitch": 24,
        }
        self.stock = {f"{self.region}{letter}": MACHINES for letter in "abc"}

    def new_id(self, prefix: str) -> str:
        """An id that no other resource has had."""
        return f"{prefix}{next(self._numbers):016x}"

    def add(self, resource: Resource) -> Resource:
        self.resources[resource.id] = resource
        return resource

    def get(self, kind: str, key: str, code: str) -> Resource:
        """A resource by its id; ServiceError `code` for none."""
        found = self.resources.get(key)
        if found is None or found.kind != kind:
            raise ServiceError(code, f"The specified {kind} {key} does not exist.", 404)
        return found

    def of(self, kind: str, *, vpc_id: str = "", cluster_id: str = "") -> list[Resource]:
        """Resources of a kind, in order of creation."""
        return [
            one
            for one in self.resources.values()
            if one.kind == kind
            and (not vpc_id or one.vpc_id == vpc_id)
            and (not cluster_id or one.cluster_id == cluster_id)
        ]

    def available(self, resource: Resource) -> bool:
        return self.clock.now() >= resource.ready_at

    def settles(self) -> float:
        return self.clock.now() + SETTLE_SECONDS
