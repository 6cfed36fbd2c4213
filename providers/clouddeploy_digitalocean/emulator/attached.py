"""What a DOKS cluster's controllers make in its account: load balancers and volumes.

Source: digitalocean-cloud-controller-manager (docs/controllers/services/annotations.md) and csi-digitalocean.
DOKS has no Ingress controller of its own. https://docs.digitalocean.com/products/kubernetes/how-to/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clouddeploy.emulator.balancers import Entrance
from clouddeploy_digitalocean.emulator.network import Network
from clouddeploy_digitalocean.emulator.records import Balancer, Cluster, Volume

if TYPE_CHECKING:
    from clouddeploy.emulator.kubernetes import storage

_NAME = "service.beta.kubernetes.io/do-loadbalancer-name"


class Attached:
    """The load balancers and volumes of one cluster; they outlive it."""

    def __init__(self, network: Network, cluster: Cluster) -> None:
        self._network = network
        self._cluster = cluster
        self._ids: dict[str, str] = {}

    def provide(self, entrance: Entrance, /) -> Mapping[str, str] | None:
        if entrance.kind != "Service":
            return None
        found = self._network.balancers.get(self._ids.get(entrance.uid, ""))
        if found is None:
            name = entrance.annotations.get(_NAME, entrance.balancer)
            address = f"203.0.113.{len(self._network.balancers) % 254 + 1}"
            cluster = self._cluster
            found = Balancer(name, cluster.region, cluster.vpc, cluster.id, ip=address)
            self._network.balancers[found.id] = found
            self._ids[entrance.uid] = found.id
        return {"ip": found.ip}

    def withdraw(self, uid: str, /) -> None:
        self._network.balancers.pop(self._ids.pop(uid, ""), None)

    def keep(self, volume: storage.Volume, *, attached: bool) -> str | None:
        if volume.uid not in self._ids:
            made = Volume(volume.name, self._cluster.region, self._cluster.id)
            self._ids[volume.uid] = made.id
            self._network.volumes[made.id] = made
        known = self._network.volumes.get(self._ids[volume.uid])
        if known is None:
            return None  # somebody deleted it
        self._network.volumes[known.id] = replace(known, gib=volume.gib)
        return known.id

    def drop(self, uid: str) -> None:
        self._network.volumes.pop(self._ids.pop(uid, ""), None)
