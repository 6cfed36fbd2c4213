"""What EC2 refuses and moto lets pass, in EC2's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clouddeploy_aws.emulator import ec2_filters, ec2_network, ec2_tags
from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.quotas import GATEWAYS, VPCS

Form = Mapping[str, str]

_PAGE = (5, 1000)
_SUBNET = range(16, 28 + 1)
"""How long the prefix of a subnet may be."""


@dataclass(frozen=True)
class Ec2:
    """moto's EC2 and load balancers of one region, and the account's quotas."""

    ec2: Any
    balancers: list[Any]
    limits: Mapping[tuple[str, str], int]


def check(form: Form, place: Ec2) -> None:
    """ServiceError for what EC2 refuses, and for a dry run of what it would carry out."""
    _check_page(form)
    ec2_filters.check(form)
    ec2_tags.check(form)
    ec2_network.check(form, place.ec2)
    rule = _RULES.get(form.get("Action", ""))
    if rule:
        rule(form, place)
    if form.get("DryRun", "").lower() == "true":
        text = "Request would have succeeded, but DryRun flag is set."
        raise ServiceError("DryRunOperation", text, status=412)


def _check_page(form: Form) -> None:
    """UNVERIFIED: the texts. No list here is long enough for EC2 to give a token for its rest."""
    size = form.get("MaxResults")
    if size is not None and not _PAGE[0] <= int(size) <= _PAGE[1]:
        text = (
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between {_PAGE[0]} and "
        )
        raise ServiceError("InvalidParameterValue", f"{text}{_PAGE[1]}.")
    if form.get("NextToken") and form.get("Action", "").startswith("Describe"):
        raise ServiceError("InvalidNextToken", f"The token '{form['NextToken']}' is invalid")


def _create_vpc(_: Form, place: Ec2) -> None:
    if len(place.ec2.vpcs) >= place.limits[VPCS]:
        raise ServiceError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")


def _create_gateway(_: Form, place: Ec2) -> None:
    if len(place.ec2.internet_gateways) >= place.limits[GATEWAYS]:
        text = "The maximum number of internet gateways has been reached."
        raise ServiceError("InternetGatewayLimitExceeded", text)


def _attach_gateway(form: Form, place: Ec2) -> None:
    vpc_id = form.get("VpcId", "")
    if _attached(place, vpc_id, form.get("InternetGatewayId", "")):
        text = f"Network {vpc_id} already has an internet gateway attached"
        raise ServiceError("InvalidParameterValue", text)


def _detach_gateway(form: Form, place: Ec2) -> None:
    vpc_id = form.get("VpcId", "")
    if _public(place, vpc_id):
        text = (
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public "
            "address(es) before detaching the gateway."
        )
        raise ServiceError("DependencyViolation", text)


def _create_subnet(form: Form, place: Ec2) -> None:
    """The text about the zone: TheSudoYT/terraform-aws-palworld#9."""
    zones = [zone.name for zone in place.ec2.describe_availability_zones()]
    zone = form.get("AvailabilityZone")
    if zone is not None and zone not in zones:
        text = (
            f"Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be "
            f"created in the following availability zones: {', '.join(zones)}."
        )
        raise ServiceError("InvalidParameterValue", text)
    block = form.get("CidrBlock", "")
    prefix = block.partition("/")[2]
    if prefix.isdigit() and int(prefix) not in _SUBNET:
        raise ServiceError("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")


def _delete_table(form: Form, place: Ec2) -> None:
    """A VPC's main route table goes with the VPC alone."""
    table = place.ec2.route_tables.get(form.get("RouteTableId", ""))
    if table is not None and table.main_association_id:
        raise _in_use("routeTable", table.id)


def _release_address(form: Form, place: Ec2) -> None:
    """An address that something has stays; EC2 API reference, "Error codes"."""
    gateways = [one for one in place.ec2.nat_gateways.values() if one.state != "deleted"]
    used = {one.get("allocationId") for gateway in gateways for one in gateway.address_set}
    for address in place.ec2.addresses:
        if address.allocation_id == form.get("AllocationId", "") and (
            address.association_id or address.allocation_id in used
        ):
            raise ServiceError("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")


def _delete_subnet(form: Form, place: Ec2) -> None:
    """Network interfaces hold it; a load balancer has one in each of its subnets, which moto leaves out."""
    subnet = form.get("SubnetId", "")
    faces = any(getattr(face.subnet, "id", "") == subnet for face in place.ec2.enis.values())
    if faces or any(subnet in {one.id for one in balancer.subnets} for balancer in place.balancers):
        raise _in_use("subnet", subnet)


def _delete_vpc(form: Form, place: Ec2) -> None:
    vpc_id = form.get("VpcId", "")
    groups = place.ec2.groups.get(vpc_id, {}).values()
    if _attached(place, vpc_id, "") or any(group.name != "default" for group in groups):
        raise _in_use("vpc", vpc_id)


def _delete_group(form: Form, place: Ec2) -> None:
    """The default group stays, and one that rules of another name or that a network interface has.

    The texts: lianghong/delete_vpc#10, alantech/iasql#654.
    """
    group = place.ec2.get_security_group_by_name_or_id(form.get("GroupId") or form.get("GroupName", ""))
    if group is None:
        return
    if group.is_default:
        text = f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user'
        raise ServiceError("CannotDelete", text)
    if referring(place.ec2, group.id) or any(group.id in used for used in _used_groups(place)):
        raise ServiceError("DependencyViolation", f"resource {group.id} has a dependent object")


def referring(ec2: Any, group_id: str) -> list[str]:
    """The ids of the other security groups with a rule that names this one."""
    groups = (one for groups in ec2.groups.values() for one in groups.values() if one.id != group_id)
    return [
        one.id
        for one in groups
        if any(
            rule.source_group.get("GroupId") == group_id for rule in (*one.ingress_rules, *one.egress_rules)
        )
    ]


def _used_groups(place: Ec2) -> Iterator[set[str]]:
    yield from ({group.id for group in face.group_set} for face in place.ec2.enis.values())
    yield from ({str(group) for group in one.security_groups or ()} for one in place.balancers)


def _attached(place: Ec2, vpc_id: str, but: str) -> list[str]:
    gateways = place.ec2.internet_gateways.values()
    return [one.id for one in gateways if one.vpc and one.vpc.id == vpc_id and one.id != but]


def _public(place: Ec2, vpc_id: str) -> list[str]:
    """What has a public address in a VPC: internet-facing load balancers and NAT gateways."""
    facing = [one for one in place.balancers if one.scheme != "internal"]
    gateways = [one for one in place.ec2.nat_gateways.values() if one.state != "deleted"]
    balancers = [one.arn for one in facing if one.vpc_id == vpc_id]
    return [*balancers, *(one.id for one in gateways if one.vpc_id == vpc_id)]


def _in_use(kind: str, what: str) -> ServiceError:
    return ServiceError("DependencyViolation", f"The {kind} '{what}' has dependencies and cannot be deleted.")


_RULES: Mapping[str, Callable[[Form, Ec2], None]] = {
    "AttachInternetGateway": _attach_gateway,
    "CreateInternetGateway": _create_gateway,
    "CreateSubnet": _create_subnet,
    "CreateVpc": _create_vpc,
    "DeleteRouteTable": _delete_table,
    "DeleteSecurityGroup": _delete_group,
    "DeleteSubnet": _delete_subnet,
    "DeleteVpc": _delete_vpc,
    "DetachInternetGateway": _detach_gateway,
    "ReleaseAddress": _release_address,
}
