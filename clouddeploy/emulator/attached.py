"""What the controllers of an emulated cluster make in its cloud: load balancers and disks.

They are billed beside the cluster, and whoever deletes the cluster from under its controllers keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Entrance:
    """A Service of type LoadBalancer, or an Ingress: its `uid`, and who it is."""

    uid: str
    kind: str
    namespace: str
    name: str
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def balancer(self) -> str:
        """The name that Kubernetes gives its load balancer (cloud-provider, DefaultLoadBalancerName)."""
        return f"a{self.uid.replace('-', '')}"[:32]


@dataclass(frozen=True)
class Claim:
    """A volume claim that is to be bound, its size in GiB, and the parameters of its class."""

    uid: str
    namespace: str
    name: str
    gib: int
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def volume(self) -> str:
        """The name of its volume (external-provisioner)."""
        return f"pvc-{self.uid}"


class Attached(Protocol):
    """A cloud as the controllers of one cluster use it. Each call may come again."""

    def balance(self, entrance: Entrance, /) -> Mapping[str, str] | None:
        """Make the load balancer; its address, `ip` or `hostname`. None where no controller serves it."""
        ...

    def unbalance(self, uid: str, /) -> None:
        """Take the load balancer of this entrance away."""
        ...

    def provide(self, claim: Claim, /) -> str:
        """Make the disk, or let it grow; its id in the cloud."""
        ...

    def withdraw(self, uid: str, /) -> None:
        """Delete the disk of this claim."""
        ...


class Nowhere:
    """A cluster in no cloud: addresses and disks are only names."""

    def balance(self, entrance: Entrance, /) -> Mapping[str, str]:
        return {"hostname": f"{entrance.name}.{entrance.namespace}.lb.emulator.invalid"}

    def unbalance(self, uid: str, /) -> None:
        pass

    def provide(self, claim: Claim, /) -> str:
        return claim.volume

    def withdraw(self, uid: str, /) -> None:
        pass
