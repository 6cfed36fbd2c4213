"""What an ACK cluster's controllers make in its account: Classic Load Balancers, and disks.

Source: kubernetes/cloud-provider-alibaba-cloud (docs/usage.md, pkg/controller/service); no Ingress controller
is among the add-ons that ACK installs unasked.
"""

from __future__ import annotations

from collections.abc import Mapping

from clouddeploy.emulator.balancers import Entrance
from clouddeploy_alibaba.emulator.disks import ClusterDisks
from clouddeploy_alibaba.emulator.world import Resource

_TAGS = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-additional-resource-tags"


class Attached(ClusterDisks):
    """The load balancers and disks of one cluster; the disks outlive it."""

    def provide(self, entrance: Entrance, /) -> Mapping[str, str] | None:
        if entrance.kind != "Service":
            return None
        with self._world.lock:
            found = self._world.resources.get(self._ids.get(entrance.uid, "")) or self._make_balancer(
                entrance
            )
            return {"ip": found.cidr}

    def withdraw(self, uid: str, /) -> None:
        self.drop(uid)

    def _make_balancer(self, entrance: Entrance) -> Resource:
        own = (each.partition("=") for each in entrance.annotations.get(_TAGS, "").split(",") if each)
        tags = {"ack.aliyun.com": self._cluster, **{key: value for key, _, value in own}}
        found = Resource("slb", self._world.new_id("lb-"), name=entrance.balancer, tags=tags)
        found.cluster_id = self._cluster
        found.address = f"203.0.113.{len(self._world.of('slb')) % 254 + 1}"
        self._ids[entrance.uid] = found.id
        return self._world.add(found)
