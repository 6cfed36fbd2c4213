"""What EKS Auto Mode's controllers make in the account: load balancers and EBS volumes.

Tags as they set them. Source: EKS user guide, "Use Service Annotations to configure Network Load
Balancers", "Create an IngressClass to configure an Application Load Balancer", "Create a storage class".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from clouddeploy.emulator.balancers import Entrance

if TYPE_CHECKING:
    from clouddeploy.emulator.kubernetes.storage import Volume

_CLUSTER = "eks:eks-cluster-name"
_OWN_TAGS = "tagSpecification_"
_KINDS = {"Service": ("network", "service"), "Ingress": ("application", "ingress")}


class Attached:
    """The load balancers and volumes of one cluster; they outlive it."""

    def __init__(self, account: str, region: str, cluster: str, subnets: Sequence[str]) -> None:
        self._ec2 = ec2_backends[account][region]
        self._elb = elbv2_backends[account][region]
        self._cluster = cluster
        self._subnets = subnets
        self._made: dict[str, Any] = {}

    def provide(self, entrance: Entrance, /) -> Mapping[str, str] | None:
        if entrance.uid not in self._made:
            kind, word = _KINDS[entrance.kind]
            tags = {_CLUSTER: self._cluster, f"{word}.eks.amazonaws.com/stack": _place(entrance)}
            name = f"k8s-{entrance.namespace[:8]}-{entrance.name[:8]}-{entrance.uid[:10]}"
            listed = [{"Key": key, "Value": value} for key, value in tags.items()]
            self._made[entrance.uid] = self._elb.create_load_balancer(
                name, [], list(self._subnets), loadbalancer_type=kind, tags=listed
            )
        return {"hostname": str(self._made[entrance.uid].dns_name)}

    def withdraw(self, uid: str, /) -> None:
        if balancer := self._made.pop(uid, None):
            self._elb.load_balancers.pop(balancer.arn, None)

    def keep(self, volume: Volume, *, attached: bool) -> str | None:
        if volume.uid not in self._made:
            own = (value for key, value in volume.parameters.items() if key.startswith(_OWN_TAGS))
            tags = dict(each.split("=", 1) for each in own)
            tags |= {_CLUSTER: self._cluster, "KubernetesCluster": self._cluster}
            tags |= {
                "kubernetes.io/created-for/pvc/namespace": volume.namespace,
                "kubernetes.io/created-for/pvc/name": volume.claim,
                "kubernetes.io/created-for/pv/name": volume.name,
            }
            kind = volume.parameters.get("type", "gp3")
            made = self._ec2.create_volume(volume.gib, volume.zone, volume_type=kind)
            made.add_tags(tags)
            self._made[volume.uid] = made
        made = self._made[volume.uid]
        if made.id not in self._ec2.volumes:
            return None  # somebody deleted it
        made.size = volume.gib
        return str(made.id)

    def drop(self, uid: str) -> None:
        if volume := self._made.pop(uid, None):
            self._ec2.volumes.pop(volume.id, None)


def _place(entrance: Entrance) -> str:
    return f"{entrance.namespace}/{entrance.name}"
