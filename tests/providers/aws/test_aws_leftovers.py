"""What a cluster costs, and what it leaves behind: found by tags, also when its network is gone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from clouddeploy.contract import OWNER_TAG, ClusterSpec
from clouddeploy_aws.costs import monthly, volume_monthly
from clouddeploy_aws.emulator.faults import Fault
from moto_fixtures.aws import LEFTOVERS, AwsAccount
from tests.providers.aws.life import provisioner_of, run_down, run_up, steps_of


def _found(account: AwsAccount, name: str = "demo") -> list[tuple[str, str, Decimal | None]]:
    return [(one.kind, one.id, one.monthly) for one in provisioner_of(account).leftovers(name)]


def _kinds(account: AwsAccount, name: str = "demo") -> dict[str, Decimal | None]:
    return {kind: price for kind, _, price in _found(account, name)}


def test_costs_are_known_without_asking(aws_account: AwsAccount) -> None:
    found = provisioner_of(aws_account).costs(ClusterSpec("demo", nodes=3))
    assert (found[0].kind, found[0].monthly) == ("control plane", Decimal("73.00"))
    assert [cost.monthly for cost in found[1:]] == [None, None]
    assert aws_account.cloud.calls == []


def test_what_is_left_is_found_later_and_priced(aws_account: AwsAccount) -> None:
    aws_account.plant(LEFTOVERS)
    assert _kinds(aws_account) == {
        "load balancer": Decimal("16.425"),
        "volume": Decimal("1.60"),
        "Elastic IP address": Decimal("3.650"),
        "NAT gateway": Decimal("32.850"),
        "security group": None,
    }
    assert _found(aws_account, "other") == []


@pytest.mark.parametrize(
    "tag", [{OWNER_TAG: "demo"}, {"elbv2.k8s.aws/cluster": "demo"}, {"eks:eks-cluster-name": "demo"}]
)
def test_each_tag_that_names_the_cluster_is_known(aws_account: AwsAccount, tag: dict[str, str]) -> None:
    aws_account.leave("demo", tag)
    assert set(_kinds(aws_account)) == {
        "load balancer",
        "volume",
        "Elastic IP address",
        "NAT gateway",
        "security group",
    }


def test_many_load_balancers_are_asked_for_their_tags_twenty_at_a_time(aws_account: AwsAccount) -> None:
    elb, subnet = aws_account.client("elbv2"), _default_subnet(aws_account)
    for number in range(21):
        tags = [{"Key": "kubernetes.io/cluster/demo", "Value": "owned"}]
        elb.create_load_balancer(Name=f"k8s-{number}", Subnets=[subnet], Type="network", Tags=tags)
    aws_account.cloud.calls.clear()
    assert len(_found(aws_account)) == 21
    assert aws_account.cloud.calls.count(("elasticloadbalancing", "DescribeTags")) == 2


@pytest.mark.parametrize(("gone", "left"), [(0, 3), (1, 2)])
def test_a_load_balancer_that_goes_meanwhile_hides_no_other(
    aws_account: AwsAccount, gone: int, left: int
) -> None:
    """Controllers delete them while a deletion waits; ELB then shows no tags of any that it was asked for."""
    elb, subnet = aws_account.client("elbv2"), _default_subnet(aws_account)
    for number in range(3):
        tags = [{"Key": "kubernetes.io/cluster/demo", "Value": "owned"}]
        elb.create_load_balancer(Name=f"k8s-{number}", Subnets=[subnet], Type="network", Tags=tags)
    refused = Fault("elasticloadbalancing", "DescribeTags", "LoadBalancerNotFound", "gone", 400)
    aws_account.cloud.faults.add(replace(refused, times=1 + gone))
    assert len(_found(aws_account)) == left


def _default_subnet(account: AwsAccount) -> str:
    return str(account.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"])


def test_prices_differ_by_region_and_unknown_types_have_none() -> None:
    assert monthly("NAT gateway", "ap-northeast-2") == Decimal("43.070")
    assert monthly("NAT gateway", "eu-west-1") == Decimal("32.850")
    assert monthly("security group", "eu-west-1") is None
    assert volume_monthly("gp3", 100, "ap-northeast-2") == Decimal("9.1200")
    assert volume_monthly("io2", 100, "eu-west-1") is None


def test_what_controllers_left_behind_is_found_and_their_groups_go_with_the_vpc(
    aws_account: AwsAccount,
) -> None:
    run_up(aws_account, steps_of(aws_account))
    ec2 = aws_account.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": f"tag:{OWNER_TAG}", "Values": ["demo"]}])["Vpcs"][0]["VpcId"]
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
    tags = [{"Key": "kubernetes.io/cluster/demo", "Value": "owned"}]
    spec = [{"ResourceType": "volume", "Tags": tags}]
    volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=20, TagSpecifications=spec)["VolumeId"]
    spec = [{"ResourceType": "security-group", "Tags": [{"Key": "elbv2.k8s.aws/cluster", "Value": "demo"}]}]
    group = ec2.create_security_group(
        GroupName="k8s-web", Description="load balancer", VpcId=vpc, TagSpecifications=spec
    )["GroupId"]
    face = ec2.create_network_interface(SubnetId=subnet, Description="ELB net/k8s-web/0123")[
        "NetworkInterface"
    ]
    assert _found(aws_account) == [
        ("load balancer", "net/k8s-web/0123", Decimal("16.425")),
        ("volume", volume, None),
        ("security group", group, None),
    ]
    ec2.delete_network_interface(NetworkInterfaceId=face["NetworkInterfaceId"])
    run_down(aws_account, steps_of(aws_account))
    assert list(_kinds(aws_account)) == ["volume"]
