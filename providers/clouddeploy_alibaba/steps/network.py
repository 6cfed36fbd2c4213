"""Finding a cluster's own network: what the steps share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clouddeploy.errors import TemporaryError
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.naming import OWNER_TAG, ZONES_TAG, foreign, resource_name, rpc_tags, tag_map

CIDR = "192.168.0.0/16"
_VSWITCH_CIDRS = ("192.168.0.0/18", "192.168.64.0/18", "192.168.128.0/18")


@dataclass(frozen=True)
class Vpc:
    """A VPC as the service describes it."""

    id: str
    name: str
    status: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def zones(self) -> list[str]:
        """The zones that its vSwitches belong into."""
        return [zone for zone in self.tags.get(ZONES_TAG, "").split(" ") if zone]


@dataclass(frozen=True)
class VSwitch:
    """A subnet of a VPC, in one zone."""

    id: str
    zone: str
    cidr: str
    status: str


class Network:
    """A cluster's VPC and vSwitches, looked up each time."""

    def __init__(self, session: Session, cluster: str) -> None:
        self.session = session
        self.cluster = cluster

    def vpc(self) -> Vpc | None:
        """Our VPC; ForeignResourceError when only somebody else's has its name."""
        named = self._vpcs(VpcName=resource_name(self.cluster))
        ours = self._vpcs(Tag=rpc_tags({OWNER_TAG: self.cluster}))
        if ours:
            return ours[0]
        if named:
            raise foreign(f"the VPC {named[0].name} ({named[0].id})", self.cluster)
        return None

    def needed_vpc(self) -> Vpc:
        """TemporaryError while it is not there."""
        vpc = self.vpc()
        if vpc is None:
            raise TemporaryError(f"the VPC of {self.cluster} is not there yet", fix="run it again")
        return vpc

    def vswitches(self, vpc: Vpc) -> list[VSwitch]:
        """The VPC's vSwitches, sorted by zone."""
        answer = self._describe("vSwitches", "DescribeVSwitches", VpcId=vpc.id, PageSize=50)
        found = [_vswitch(each) for each in answer["VSwitches"]["VSwitch"]]
        return sorted(found, key=lambda one: (one.zone, one.id))

    def free_cidr(self, vpc: Vpc) -> str:
        """An address range that none of the VPC's vSwitches has."""
        taken = {one.cidr for one in self.vswitches(vpc)}
        return next(cidr for cidr in _VSWITCH_CIDRS if cidr not in taken)

    def _vpcs(self, **query: object) -> list[Vpc]:
        answer = self._describe("VPCs", "DescribeVpcs", PageSize=50, **query)
        found = [_vpc(each) for each in answer["Vpcs"]["Vpc"]]
        return sorted(found, key=lambda one: one.id)

    def _describe(self, what: str, action: str, **query: object) -> dict[str, Any]:
        return self.session.sdk.rpc(f"look for the {what} of {self.cluster}", "VPC", action, **query)


def _vpc(answer: Mapping[str, Any]) -> Vpc:
    tags = tag_map(answer.get("Tags", {}).get("Tag"))
    return Vpc(str(answer["VpcId"]), str(answer.get("VpcName", "")), str(answer.get("Status", "")), tags)


def _vswitch(answer: Mapping[str, Any]) -> VSwitch:
    return VSwitch(
        str(answer["VSwitchId"]),
        str(answer.get("ZoneId", "")),
        str(answer.get("CidrBlock", "")),
        str(answer.get("Status", "")),
    )
