"""Billed things that a cluster made and that outlive it.

Found by our network and by our tag: also on later days, when the cluster itself is gone. While it is there,
disks are found by the tag with its id too, which the CSI driver sets, and the API server's load balancer with
its EIP is not left behind: both are the cluster's own and go with it (ACK documentation, "Expose the API
server to the Internet"). They are known by the addresses at which ACK says that the API server answers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from clouddeploy.contract import Leftover, Status
from clouddeploy_alibaba.costs import disk_month, gateway_month
from clouddeploy_alibaba.records import AckCluster, matching
from clouddeploy_alibaba.sdk import Json
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.naming import OWNER_TAG, rpc_tags

CLUSTER_TAG = "ack.aliyun.com"
"""Its value is the cluster's id. Source: DISKTAGKEY3 in pkg/disk/constants.go of alibaba-cloud-csi-driver."""

_PAGE = 50
"""The most that DescribeVpcs and DescribeNatGateways allow."""


@dataclass(frozen=True)
class Balancer:
    """A load balancer (SLB); `address` is its IP address."""

    id: str
    address: str
    vpc_id: str


def leftovers(session: Session, name: str) -> Sequence[Leftover]:
    """Load balancers, NAT gateways, public addresses, disks.

    `monthly` is None for load balancers and public addresses: no price of a Classic Load Balancer or of
    keeping an address is known. A NAT gateway's leaves out its capacity units, which go by use.
    """
    vpcs = _vpc_ids(session, name)
    cluster = next((one for one in matching(session, name) if one.owned), None)
    return [
        *(one for one in _balancers(session, name, vpcs) if not _in_use(one, cluster)),
        *_gateways(session, vpcs),
        *(one for one in _addresses(session, name) if not _in_use(one, cluster)),
        *_disks(session, name, cluster),
    ]


def balancers(session: Session, **query: Any) -> list[Balancer]:
    """Load balancers in a VPC (`vpc_id`), or with tags (`tags`)."""
    asked: dict[str, object] = {}
    if query.get("vpc_id"):
        asked["VpcId"] = query["vpc_id"]
    if query.get("tags"):
        asked["Tag"] = rpc_tags(query["tags"])
    found = _all(session, "SLB", "DescribeLoadBalancers", "LoadBalancers.LoadBalancer", **asked)
    return [
        Balancer(str(each["LoadBalancerId"]), str(each.get("Address", "")), str(each.get("VpcId", "")))
        for each in found
    ]


def _in_use(found: Leftover, cluster: AckCluster | None) -> bool:
    """Whether it is the API server's own. Before that answers, no controller has made others."""
    if cluster is None or cluster.status().status is Status.FAILED:
        return False
    return not cluster.api_addresses or found.detail in cluster.api_addresses


def _vpc_ids(session: Session, name: str) -> list[str]:
    found = _all(session, "VPC", "DescribeVpcs", "Vpcs.Vpc", Tag=rpc_tags({OWNER_TAG: name}))
    return [str(each["VpcId"]) for each in found]


def _balancers(session: Session, name: str, vpcs: Sequence[str]) -> Iterator[Leftover]:
    found = {one.id: one for vpc in vpcs for one in balancers(session, vpc_id=vpc)}
    found |= {one.id: one for one in balancers(session, tags={OWNER_TAG: name})}
    for key, one in sorted(found.items()):
        yield Leftover("load balancer", key, detail=one.address)


def _gateways(session: Session, vpcs: Sequence[str]) -> Iterator[Leftover]:
    for vpc in vpcs:
        for each in _all(session, "VPC", "DescribeNatGateways", "NatGateways.NatGateway", VpcId=vpc):
            price = gateway_month(session.region)
            yield Leftover("NAT gateway", str(each["NatGatewayId"]), price, str(each.get("Status", "")))


def _addresses(session: Session, name: str) -> Iterator[Leftover]:
    tag = rpc_tags({OWNER_TAG: name})
    for each in _all(session, "VPC", "DescribeEipAddresses", "EipAddresses.EipAddress", Tag=tag):
        yield Leftover("Elastic IP address", str(each["AllocationId"]), detail=str(each.get("IpAddress", "")))


def _disks(session: Session, name: str, cluster: AckCluster | None) -> Iterator[Leftover]:
    found = {
        str(each["DiskId"]): each
        for tags in _disk_tags(name, cluster)
        for each in _all(
            session, "ECS", "DescribeDisks", "Disks.Disk", Status="Available", Tag=rpc_tags(tags)
        )
    }
    for key, each in sorted(found.items()):
        size, level = int(each.get("Size", 0)), str(each.get("PerformanceLevel", ""))
        price = disk_month(size, level, session.region)
        yield Leftover("disk", key, price, f"{size} GiB {level}".rstrip())


def _disk_tags(name: str, cluster: AckCluster | None) -> Iterator[dict[str, str]]:
    """What disks carry: our storage class gives them our tag, ACK's classes only the cluster's id."""
    yield {OWNER_TAG: name}
    if cluster:
        yield {CLUSTER_TAG: cluster.id}


def _all(session: Session, product: str, action: str, place: str, **query: object) -> Iterator[Json]:
    """The entries of every page; `place` is where an answer has them. A page that is not full is the last."""
    outer, _, inner = place.partition(".")
    for page in itertools.count(1):
        answer = session.sdk.rpc(
            "look for what is left", product, action, PageSize=_PAGE, PageNumber=page, **query
        )
        entries = answer.get(outer, {}).get(inner, [])
        yield from entries
        if len(entries) < _PAGE:
            return
