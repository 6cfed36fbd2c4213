"""Billed things that a cluster's controllers made and that outlive it, also when its VPC is gone.

Found by the tags that Kubernetes controllers set (eksctl pkg/elb/cleanup.go and the EBS CSI driver
set them), that EKS sets, or that are ours. A load balancer also shows in the VPC's network interfaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from clouddeploy.contract import OWNER_TAG, Leftover
from clouddeploy_aws.costs import monthly, volume_monthly
from clouddeploy_aws.errors import translated
from clouddeploy_aws.session import Session
from clouddeploy_aws.steps.naming import tag_map

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef

_BALANCER = "ELB "
"""How the description of a load balancer's network interface begins."""

_EKS_OWN = "aws:eks:cluster-name"
"""Tag of the one security group that EKS takes away with the cluster."""

_VALUED = (OWNER_TAG, "elbv2.k8s.aws/cluster", "eks:eks-cluster-name")
"""Tags whose value is the cluster's name."""

_TAGS_AT_ONCE = 20  # ELB API reference, DescribeTags


def leftovers(session: Session, name: str) -> Sequence[Leftover]:
    """Load balancers, volumes, addresses, NAT gateways, security groups, network interfaces.

    `monthly` is without traffic; security groups and network interfaces cost nothing, but hold the VPC.
    """
    kinds = (_balancers, _free_interfaces, _volumes, _addresses, _nat_gateways, _groups)
    with translated(f"look for what {name} left behind"), ThreadPoolExecutor(len(kinds)) as pool:
        return [one for found in pool.map(lambda kind: list(kind(session, name)), kinds) for one in found]


def belongs(tags: Mapping[str, str], name: str) -> bool:
    """Whether tags say that something is the cluster's."""
    return f"kubernetes.io/cluster/{name}" in tags or any(tags.get(key) == name for key in _VALUED)


def _filters(name: str) -> list[list[FilterTypeDef]]:
    """EC2 joins filters with "and": one query for each tag."""
    found: list[list[FilterTypeDef]] = [[{"Name": f"tag:{key}", "Values": [name]}] for key in _VALUED]
    return [*found, [{"Name": "tag-key", "Values": [f"kubernetes.io/cluster/{name}"]}]]


def _balancers(session: Session, name: str) -> Iterator[Leftover]:
    price = monthly("load balancer", session.region)
    for balancer in sorted({*_tagged_balancers(session, name), *_balancers_in_vpc(session, name)}):
        yield Leftover("load balancer", balancer, price)


def _tagged_balancers(session: Session, name: str) -> Iterator[str]:
    """As `net/<name>/<digits>` or `app/<name>/<digits>`, which is how the ARN ends."""
    pages = session.elb.get_paginator("describe_load_balancers").paginate()
    arns = [one["LoadBalancerArn"] for page in pages for one in page["LoadBalancers"]]
    for start in range(0, len(arns), _TAGS_AT_ONCE):
        for one in _described(session, arns[start : start + _TAGS_AT_ONCE]):
            if belongs(tag_map(one.get("Tags", [])), name):
                yield one["ResourceArn"].partition(":loadbalancer/")[2]


def _described(session: Session, arns: Sequence[str]) -> Iterator[Any]:
    """The tags of those that are still there: for one that has gone ELB answers nothing about the others."""
    try:
        yield from session.elb.describe_tags(ResourceArns=arns)["TagDescriptions"]
    except session.elb.exceptions.LoadBalancerNotFoundException:
        for arn in arns if len(arns) > 1 else ():
            yield from _described(session, [arn])


def _balancers_in_vpc(session: Session, name: str) -> Iterator[str]:
    for described, _, _ in _interfaces(session, name):
        if described.startswith(_BALANCER):
            yield described.removeprefix(_BALANCER)


def _free_interfaces(session: Session, name: str) -> Iterator[Leftover]:
    for described, face, status in _interfaces(session, name):
        if status == "available" and not described.startswith(_BALANCER):
            yield Leftover("network interface", face, detail=described)


def _interfaces(session: Session, name: str) -> Iterator[tuple[str, str, str]]:
    """Description, id and status of each network interface in the cluster's own VPC."""
    answer = session.ec2.describe_vpcs(Filters=[{"Name": f"tag:{OWNER_TAG}", "Values": [name]}])
    vpcs = [vpc.get("VpcId", "") for vpc in answer["Vpcs"]]
    if not vpcs:
        return
    filters: list[FilterTypeDef] = [{"Name": "vpc-id", "Values": vpcs}]
    for page in session.ec2.get_paginator("describe_network_interfaces").paginate(Filters=filters):
        for face in page["NetworkInterfaces"]:
            yield face.get("Description", ""), face.get("NetworkInterfaceId", ""), face.get("Status", "")


def _volumes(session: Session, name: str) -> Iterator[Leftover]:
    found = {
        volume.get("VolumeId", ""): volume
        for filters in _filters(name)
        for page in session.ec2.get_paginator("describe_volumes").paginate(Filters=filters)
        for volume in page["Volumes"]
    }
    for volume_id, volume in sorted(found.items()):
        kind, size = volume.get("VolumeType", ""), volume.get("Size", 0)
        price = volume_monthly(kind, size, session.region)
        yield Leftover("volume", volume_id, price, f"{size} GiB {kind}, {volume.get('State', '')}")


def _addresses(session: Session, name: str) -> Iterator[Leftover]:
    found = {
        address.get("AllocationId", ""): address.get("PublicIp", "")
        for filters in _filters(name)
        for address in session.ec2.describe_addresses(Filters=filters)["Addresses"]
    }
    price = monthly("Elastic IP address", session.region)
    for allocation, address in sorted(found.items()):
        yield Leftover("Elastic IP address", allocation, price, address)


def _nat_gateways(session: Session, name: str) -> Iterator[Leftover]:
    found = {
        gateway.get("NatGatewayId", ""): gateway.get("State", "")
        for filters in _filters(name)
        for page in session.ec2.get_paginator("describe_nat_gateways").paginate(Filters=filters)
        for gateway in page["NatGateways"]
        if belongs(tag_map(gateway.get("Tags", [])), name)
    }
    price = monthly("NAT gateway", session.region)
    for gateway, state in sorted(found.items()):
        if state not in {"deleting", "deleted"}:
            yield Leftover("NAT gateway", gateway, price, state)


def _groups(session: Session, name: str) -> Iterator[Leftover]:
    found = {
        group.get("GroupId", ""): group
        for filters in _filters(name)
        for page in session.ec2.get_paginator("describe_security_groups").paginate(Filters=filters)
        for group in page["SecurityGroups"]
    }
    for group_id, group in sorted(found.items()):
        if _EKS_OWN not in tag_map(group.get("Tags", [])):
            yield Leftover("security group", group_id, detail=group.get("GroupName", ""))
