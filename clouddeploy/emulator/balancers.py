"""What Services and Ingresses of an emulated cluster get from its cloud: load balancers.

They are billed beside the cluster, and whoever deletes the cluster from under its controllers keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Entrance:
    """A Service of type LoadBalancer, or an Ingress."""

    uid: str
    kind: str
    namespace: str
    name: str
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def balancer(self) -> str:
        """The name that Kubernetes gives its load balancer (cloud-provider, DefaultLoadBalancerName)."""
        return f"a{self.uid.replace('-', '')}"[:32]


class Balancers(Protocol):
    """The load balancers of one cluster, in the account where they are billed. Each call may come again."""

    def provide(self, entrance: Entrance, /) -> Mapping[str, str] | None:
        """Make the load balancer; its address, `ip` or `hostname`. None where no controller serves it."""
        ...

    def withdraw(self, uid: str, /) -> None:
        """Take the load balancer of this entrance away."""
        ...


class NoBalancers:
    """A cluster in no cloud: addresses are only names."""

    def provide(self, entrance: Entrance, /) -> Mapping[str, str] | None:
        return {"hostname": f"{entrance.name}.{entrance.namespace}.lb.emulator.invalid"}

    def withdraw(self, uid: str, /) -> None:
        pass
