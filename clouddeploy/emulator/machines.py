"""The machines that an emulated cluster's nodes are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

INSTANCE_TYPE = "node.kubernetes.io/instance-type"
REGION = "topology.kubernetes.io/region"
ZONE = "topology.kubernetes.io/zone"

_MEMORY = ((4, "0.25"), (4, "0.20"), (8, "0.10"), (112, "0.06"))
_CPU = ((1, "0.06"), (1, "0.01"), (2, "0.005"))
_EVICTION_MIB = 100


@dataclass(frozen=True)
class Machine:
    """A node: its name, the labels that the cloud gives it, and its size."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    cpus: int = 8
    memory_gib: Decimal | int = 32
    pods: int = 110
    arch: str = "amd64"
    reserving: bool = True

    @property
    def all_labels(self) -> dict[str, str]:
        """The cloud's labels and the kubelet's own."""
        own = {"hostname": self.name, "os": "linux", "arch": self.arch}
        return {**{f"kubernetes.io/{key}": value for key, value in own.items()}, **self.labels}

    @property
    def capacity(self) -> dict[str, str]:
        """The whole machine."""
        memory = f"{math.floor(self.memory_gib * 2**20)}Ki" if self.reserving else f"{self.memory_gib}Gi"
        return {
            "cpu": str(self.cpus),
            "memory": memory,
            "pods": str(self.pods),
            "ephemeral-storage": "100Gi",
        }

    @property
    def allocatable(self) -> dict[str, str]:
        """What the system leaves of it.

        By the curve that GKE documents; the other clouds keep about as much for themselves:
        https://docs.cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes#memory_and_cpu_reservations
        """
        if not self.reserving:
            return self.capacity
        taken = _taken(Decimal(self.memory_gib), _MEMORY, "0.02")
        mebibytes = (self.memory_gib - taken) * 1024 - _EVICTION_MIB
        cpu = self.cpus - _taken(Decimal(self.cpus), _CPU, "0.0025")
        return {
            **self.capacity,
            "cpu": f"{math.floor(cpu * 1000)}m",
            "memory": f"{math.floor(mebibytes * 1024)}Ki",
        }


Machines = Callable[[bool], Sequence[Machine]]
"""The machines that a cluster has at this moment; it is told whether any pod wants one."""


def plain(_: bool) -> Sequence[Machine]:
    """One large machine of nobody's, all of it for pods."""
    return (Machine("node-1", reserving=False),)


def _taken(size: Decimal, tiers: Sequence[tuple[int, str]], rest: str) -> Decimal:
    """The sum of each tier's share."""
    taken = Decimal(0)
    for width, share in tiers:
        part = min(size, Decimal(width))
        taken, size = taken + part * Decimal(share), size - part
    return taken + size * Decimal(rest)
