"""What EC2 refuses in routes and in changes of a network and moto lets pass, in EC2's own words.

Sources: EC2 API reference, ModifyVpcAttribute ("use separate requests") and ModifySubnetAttribute ("one
attribute at a time"); the texts about different networks and existing associations as users report them.
UNVERIFIED: the texts about attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError

Form = Mapping[str, str]

_NOT_ATTRIBUTES = {"Action", "Version", "DryRun", "SubnetId", "VpcId"}


def check(form: Form, ec2: Any) -> None:
    """ServiceError for what EC2 refuses; `ec2` is moto's."""
    rule = _RULES.get(form.get("Action", ""))
    if rule:
        rule(form, ec2)


def _route(form: Form, ec2: Any) -> None:
    """An internet gateway serves the network that it is attached to."""
    places = (name for name in form if name != "RouteTableId" and not name.startswith("Destination"))
    if not any(name.endswith(("Id", "Arn")) for name in places):
        raise ServiceError("MissingParameter", "The request must contain the parameter gatewayId")
    table = ec2.route_tables.get(form["RouteTableId"])
    gateway = ec2.internet_gateways.get(form.get("GatewayId", ""))
    if table is not None and gateway is not None and getattr(gateway.vpc, "id", None) != table.vpc_id:
        raise _different(f"route table {table.id} and network gateway {gateway.id}")


def _associate(form: Form, ec2: Any) -> None:
    table = ec2.route_tables.get(form["RouteTableId"])
    subnet = _subnets(ec2).get(form.get("SubnetId", ""))
    if table is None or subnet is None:
        return
    if subnet.vpc_id != table.vpc_id:
        raise _different(f"route table {table.id} and subnet {subnet.id}")
    others = [one for one in ec2.route_tables.values() if one is not table]
    if any(each.get("SubnetId") == subnet.id for one in others for each in one.associations):
        text = f"the specified association for route table {table.id} conflicts with an existing association"
        raise ServiceError("Resource.AlreadyAssociated", text)


def _one_attribute(form: Form, _: Any) -> None:
    attributes = {name.partition(".")[0] for name in form} - _NOT_ATTRIBUTES
    if len(attributes) > 1:
        text = "Fields for multiple attribute types specified"
        raise ServiceError("InvalidParameterCombination", text)
    if not attributes:
        raise ServiceError("InvalidParameterCombination", "No attributes specified.")


def _block(form: Form, _: Any) -> None:
    if not form.keys() & {"CidrBlock", "Ipv4IpamPoolId", "Ipv6CidrBlock", "Ipv6IpamPoolId"}:
        text = "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided."
        raise ServiceError("MissingParameter", text)


def _group(form: Form, _: Any) -> None:
    if not (form.get("GroupId") or form.get("GroupName")):
        text = "The request must contain the parameter groupName or groupId"
        raise ServiceError("MissingParameter", text)


def _subnets(ec2: Any) -> dict[str, Any]:
    return {name: one for zone in ec2.subnets.values() for name, one in zone.items()}


def _different(what: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", f"{what} belong to different networks")


_RULES: Mapping[str, Callable[[Form, Any], None]] = {
    "AssociateRouteTable": _associate,
    "CreateRoute": _route,
    "CreateSubnet": _block,
    "CreateVpc": _block,
    "DeleteSecurityGroup": _group,
    "ModifySubnetAttribute": _one_attribute,
    "ModifyVpcAttribute": _one_attribute,
    "ReplaceRoute": _route,
}
