"""What the GKE API answers, as typed records. Enums are their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clouddeploy.contract import State, Status

_STATUS = {
    "RUNNING": Status.READY,
    "RECONCILING": Status.READY,
    "DEGRADED": Status.READY,
    "ERROR": Status.FAILED,
}
"""RECONCILING: something is being changed, and the cluster works meanwhile. DEGRADED: somebody has to act."""
_DEFAULT = "default"


@dataclass(frozen=True)
class Pool:
    """A node pool; `groups` are the URLs of its instance groups, one for each zone."""

    name: str
    status: str
    version: str
    machine: str
    zones: Sequence[str]
    groups: Sequence[str]
    account: str = ""


@dataclass(frozen=True)
class GkeCluster:
    """A cluster; `told` is what its conditions say.

    `accounts` are the service accounts of its nodes, those too that GKE would make: e-mail addresses, or
    `default` for that of the project.
    """

    name: str
    location: str
    status: str
    told: str
    labels: Mapping[str, str]
    version: str
    endpoint: str
    authority: str
    autopilot: bool
    pools: Sequence[Pool] = field(default_factory=tuple)
    accounts: Sequence[str] = ()

    @property
    def state(self) -> State:
        """GKE's status in our words."""
        return State(_STATUS.get(self.status, Status.PENDING), self.told or self.status)


def cluster_of(found: Mapping[str, Any]) -> GkeCluster:
    """A cluster from its JSON."""
    told = [str(one.get("message", "")) for one in found.get("conditions", [])]
    pools = tuple(_pool(one) for one in found.get("nodePools", []))
    return GkeCluster(
        name=found.get("name", ""),
        location=found.get("location", ""),
        status=found.get("status", "STATUS_UNSPECIFIED"),
        told="; ".join(filter(None, told)) or found.get("statusMessage", ""),
        labels=found.get("resourceLabels", {}),
        version=found.get("currentMasterVersion", ""),
        endpoint=found.get("endpoint", ""),
        authority=found.get("masterAuth", {}).get("clusterCaCertificate", ""),
        autopilot=bool(found.get("autopilot", {}).get("enabled")),
        pools=pools,
        accounts=sorted({*(one.account for one in pools), *_automatic(found)}) or (_DEFAULT,),
    )


def _pool(found: Mapping[str, Any]) -> Pool:
    return Pool(
        name=found.get("name", ""),
        status=found.get("status", ""),
        version=found.get("version", ""),
        machine=found.get("config", {}).get("machineType", ""),
        zones=tuple(found.get("locations", [])),
        groups=tuple(found.get("instanceGroupUrls", [])),
        account=found.get("config", {}).get("serviceAccount") or _DEFAULT,
    )


def _automatic(found: Mapping[str, Any]) -> Sequence[str]:
    """The account of the nodes that GKE makes by itself, in Autopilot and with node auto-provisioning."""
    scaling = found.get("autoscaling", {})
    if not (found.get("autopilot", {}).get("enabled") or scaling.get("enableNodeAutoprovisioning")):
        return ()
    return (scaling.get("autoprovisioningNodePoolDefaults", {}).get("serviceAccount") or _DEFAULT,)


def minor(version: str) -> str:
    """`1.33` of `1.33.4-gke.1001000`."""
    return ".".join(version.split(".")[:2])


def ordered(version: str) -> tuple[int, ...]:
    """A key that sorts versions: 1.9 before 1.10, gke.99 before gke.1001000."""
    return tuple(int(part) for part in version.replace("-gke", "").split(".") if part.isdecimal())
