"""What a GKE cluster's controllers make in its project: forwarding rules, target pools, disks.

Source: cloud-provider-gcp (providers/gce/gce_loadbalancer_external.go), ingress-gce (pkg/utils/namer) and
gcp-compute-persistent-disk-csi-driver (pkg/common/parameters.go).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from clouddeploy.emulator.balancers import Entrance
from clouddeploy.emulator.machines import ZONE, Machines
from clouddeploy_gcp.emulator.answers import Json
from clouddeploy_gcp.emulator.compute import Compute
from clouddeploy_gcp.emulator.records import Record

if TYPE_CHECKING:
    from clouddeploy.emulator.kubernetes.storage import Volume

_CLUSTER = "goog-k8s-cluster-name"
_BASE = "https://www.googleapis.com/compute/v1/projects/_"
_URL_MAPS = "/urlMaps/"
_BY_BACKEND_SERVICE = "cloud.google.com/l4-rbs"
"""The annotation of a Service; GKE does so by itself from 1.37 on, says its page "LoadBalancer Services"."""

_DEFAULT_DISK = "pd-standard"


class Attached:
    """The load balancers and disks of one cluster; they outlive it."""

    def __init__(self, compute: Compute, record: Record, machines: Machines) -> None:
        self._compute = compute
        self._record = record
        self._machines = machines
        self._made: dict[str, list[Json]] = {}
        self._firewall: Json | None = None

    def provide(self, entrance: Entrance, /) -> Mapping[str, str] | None:
        if entrance.uid not in self._made:
            self._made[entrance.uid] = list(self._balancer(entrance))
        return {"ip": self._made[entrance.uid][0]["IPAddress"]}

    def _balancer(self, entrance: Entrance) -> Iterator[Json]:
        if entrance.kind == "Ingress":
            return self._ingress(entrance)
        backed = entrance.annotations.get(_BY_BACKEND_SERVICE) == "enabled"
        return self._backed(entrance) if backed else self._pooled(entrance)

    def withdraw(self, uid: str, /) -> None:
        for one in self._made.pop(uid, []):
            self._compute.uproot(one)
        if self._firewall and not any(
            _URL_MAPS in one["selfLink"] for made in self._made.values() for one in made
        ):
            self._compute.uproot(self._firewall)
            self._firewall = None

    def keep(self, volume: Volume, *, attached: bool) -> str | None:
        if volume.uid not in self._made:
            kind = volume.parameters.get("type", _DEFAULT_DISK)
            zone = volume.zone or f"{self._region}-b"
            labels = {_CLUSTER: self._record.message.name, "goog-gke-volume": ""}
            disk = self._compute.plant("disks", zone, name=volume.name, labels=labels)
            disk["type"] = disk["selfLink"].replace(f"/disks/{volume.name}", f"/diskTypes/{kind}")
            self._made[volume.uid] = [disk]
        disk = self._made[volume.uid][0]
        disk["sizeGb"] = str(volume.gib)
        disk["users"] = [f"{disk['zone']}/instances/{self._node(disk['zone'])}"] if attached else []
        return str(disk["selfLink"].partition("/v1/")[2])

    def drop(self, uid: str) -> None:
        self.withdraw(uid)

    def _backed(self, entrance: Entrance) -> Iterator[Json]:
        """A rule that sends to a backend service; a firewall rule alone names the cluster."""
        said = {"networking.gke.io/service-name": _place(entrance), "networking.gke.io/api-version": "ga"}
        yield self._rule(self._region, f"k8s2-tcp-{self._end(entrance)}", said)
        yield self._let_in(f"k8s2-{self._end(entrance)}")

    def _pooled(self, entrance: Entrance) -> Iterator[Json]:
        """A rule that sends to a pool with all nodes."""
        links = [f"{zone}/instances/{name}" for name, zone in self._nodes()]
        name = entrance.balancer
        pool = self._compute.plant("targetPools", self._region, name=name, instances=links)
        yield self._rule(
            self._region, name, {"kubernetes.io/service-name": _place(entrance)}, target=pool["selfLink"]
        )
        yield pool

    def _ingress(self, entrance: Entrance) -> Iterator[Json]:
        """A global rule and the url map that it leads to, which names the controller's id of the cluster."""
        end = self._end(entrance)
        yield self._rule("global", f"k8s2-fr-{end}", {"kubernetes.io/ingress-name": _place(entrance)})
        service = f"{_BASE}/global/backendServices/k8s1-{self._uid[:8]}-kube-system-default-http-backend-80-0"
        yield self._compute.plant("urlMaps", "global", name=f"k8s2-um-{end}", defaultService=service)
        if self._firewall is None:
            self._firewall = self._let_in(f"k8s-fw-l7--{self._uid}")

    def _let_in(self, name: str) -> Json:
        """A firewall rule; its target is the nodes' tag."""
        cluster = self._record.message
        kind = "gk3" if cluster.autopilot.enabled else "gke"
        tag = f"{kind}-{cluster.name[:20]}-{cluster.id[:8]}-node"
        return self._compute.plant("firewalls", "global", name=name, targetTags=[tag])

    def _end(self, entrance: Entrance) -> str:
        """How the names end of all that is made for an entrance."""
        return f"{f'{self._uid[-8:]}-{entrance.namespace}-{entrance.name}'[:45]}-{entrance.uid[:8]}"

    @property
    def _uid(self) -> str:
        """What the Ingress controller calls the cluster: 16 hexadecimal digits."""
        return hashlib.sha256(self._record.message.id.encode()).hexdigest()[:16]

    def _rule(self, place: str, name: str, said: Mapping[str, str], **more: str) -> Json:
        address = f"203.0.113.{len(self._compute.planted['forwardingRules']) % 254 + 1}"
        return self._compute.plant(
            "forwardingRules", place, name=name, description=json.dumps(said), IPAddress=address, **more
        )

    @property
    def _region(self) -> str:
        location = str(self._record.message.location)
        return location[:-2] if location[-2] == "-" else location

    def _nodes(self) -> list[tuple[str, str]]:
        return [(one.name, str(one.labels.get(ZONE, ""))) for one in self._machines(True)]

    def _node(self, zone: str) -> str:
        """A node in a zone, given as its URL."""
        return next((name for name, place in self._nodes() if zone.endswith(f"/{place}")), "node")


def _place(entrance: Entrance) -> str:
    return f"{entrance.namespace}/{entrance.name}"
