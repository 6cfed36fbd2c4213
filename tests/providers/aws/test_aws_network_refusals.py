"""What the emulated EC2 refuses though its model allows it: parts that do not fit together, filters, tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from moto_fixtures.aws import AwsAccount
from tests.providers.aws.life import census
from tests.providers.aws.refusing import client, refused


class _Networks:
    """Two VPCs, each with a subnet, a route table and an internet gateway of its own."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        self.vpcs = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (1, 2)]
        self.subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{n}.0.0/24")["Subnet"]["SubnetId"]
            for n, vpc in enumerate(self.vpcs, 1)
        ]
        self.tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for vpc in self.vpcs]
        self.gateways = [
            ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"] for _ in self.vpcs
        ]
        ec2.attach_internet_gateway(VpcId=self.vpcs[0], InternetGatewayId=self.gateways[0])

    def route(self, table: str, gateway: str) -> object:
        return self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)

    def join_twice(self) -> None:
        second = self.ec2.create_route_table(VpcId=self.vpcs[0])["RouteTable"]["RouteTableId"]
        for table in (self.tables[0], second):
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=self.subnets[0])


_ON, _OFF = {"Value": True}, {"Value": False}

_NETWORK: Mapping[str, tuple[Callable[[_Networks], object], str, str]] = {
    "a-route-to-another-networks-gateway": (
        lambda it: it.route(it.tables[1], it.gateways[0]),
        "InvalidParameterValue",
        "belong to different networks",
    ),
    "a-route-to-a-gateway-of-no-network": (
        lambda it: it.route(it.tables[0], it.gateways[1]),
        "InvalidParameterValue",
        "belong to different networks",
    ),
    "a-route-to-nowhere": (
        lambda it: it.ec2.create_route(RouteTableId=it.tables[0], DestinationCidrBlock="0.0.0.0/0"),
        "MissingParameter",
        "must contain the parameter gatewayId",
    ),
    "another-networks-route-table": (
        lambda it: it.ec2.associate_route_table(RouteTableId=it.tables[1], SubnetId=it.subnets[0]),
        "InvalidParameterValue",
        "belong to different networks",
    ),
    "a-second-route-table-of-a-subnet": (
        lambda it: it.join_twice(),
        "Resource.AlreadyAssociated",
        "conflicts with an existing association",
    ),
    "two-attributes-of-a-vpc": (
        lambda it: it.ec2.modify_vpc_attribute(
            VpcId=it.vpcs[0], EnableDnsSupport=_ON, EnableDnsHostnames=_ON
        ),
        "InvalidParameterCombination",
        "multiple attribute types",
    ),
    "no-attribute-of-a-vpc": (
        lambda it: it.ec2.modify_vpc_attribute(VpcId=it.vpcs[0]),
        "InvalidParameterCombination",
        "No attributes",
    ),
    "two-attributes-of-a-subnet": (
        lambda it: it.ec2.modify_subnet_attribute(
            SubnetId=it.subnets[0], MapPublicIpOnLaunch=_ON, AssignIpv6AddressOnCreation=_OFF
        ),
        "InvalidParameterCombination",
        "multiple attribute types",
    ),
    "a-vpc-without-addresses": (
        lambda it: it.ec2.create_vpc(),
        "MissingParameter",
        "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided",
    ),
    "a-group-with-an-empty-name": (
        lambda it: it.ec2.delete_security_group(GroupId=""),
        "MissingParameter",
        "groupName or groupId",
    ),
    "a-group-without-a-name": (
        lambda it: it.ec2.delete_security_group(),
        "MissingParameter",
        "groupName or groupId",
    ),
}


@pytest.mark.parametrize("what", _NETWORK)
def test_ec2_refuses_what_does_not_fit_together(aws_account: AwsAccount, what: str) -> None:
    call, code, said = _NETWORK[what]
    networks = _Networks(client("ec2"))
    refused(lambda: call(networks), code, said)


_LISTS = {
    "describe_addresses": "Filters",
    "describe_availability_zones": "Filters",
    "describe_instance_types": "Filters",
    "describe_internet_gateways": "Filters",
    "describe_nat_gateways": "Filter",
    "describe_network_interfaces": "Filters",
    "describe_route_tables": "Filters",
    "describe_security_groups": "Filters",
    "describe_subnets": "Filters",
    "describe_volumes": "Filters",
    "describe_vpcs": "Filters",
}


@pytest.mark.parametrize("operation", _LISTS)
def test_ec2_knows_its_filters(aws_account: AwsAccount, operation: str) -> None:
    call = getattr(client("ec2"), operation)
    unknown = {_LISTS[operation]: [{"Name": "colour", "Values": ["red"]}]}
    refused(lambda: call(**unknown), "InvalidParameterValue", "The filter 'colour' is invalid")


def _tagged(*tags: tuple[str, str], kind: str = "vpc") -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags]}]


def test_words_that_describe_a_filter_are_none_themselves(aws_account: AwsAccount) -> None:
    ec2 = client("ec2")
    for name in ("true", "available", "tag"):
        call = partial(ec2.describe_subnets, Filters=[{"Name": name, "Values": ["x"]}])
        refused(call, "InvalidParameterValue", f"The filter '{name}' is invalid")
    for name in ("cidr-block", "cidrBlock", "tag:team", "tag-key"):
        assert ec2.describe_subnets(Filters=[{"Name": name, "Values": ["x"]}])["Subnets"] == []


_TAGS = {
    "a-long-key": (_tagged(("k" * 129, "v")), "Tag key exceeds the maximum length"),
    "a-long-value": (_tagged(("k", "v" * 257)), "Tag value exceeds the maximum length"),
    "no-key": (_tagged(("", "v")), "must not be empty"),
    "a-key-twice": (_tagged(("k", "v"), ("k", "w")), "Duplicate tag key 'k' specified"),
    "of-something-else": (
        _tagged(("k", "v"), kind="subnet"),
        "'subnet' is not a valid taggable resource type",
    ),
    "of-nothing": ([{"Tags": [{"Key": "k", "Value": "v"}]}], "resource type must have a value"),
    "none": ([{"ResourceType": "vpc"}], "must have at least one tag"),
}


@pytest.mark.parametrize("what", _TAGS)
def test_ec2_refuses_tags(aws_account: AwsAccount, what: str) -> None:
    specifications, said = _TAGS[what]
    before = census(aws_account)
    ec2 = client("ec2")
    refused(
        lambda: ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=specifications),
        "InvalidParameterValue",
        said,
    )
    assert census(aws_account) == before
