"""The emulated VPC, ECS and SLB refuse what the real ones refuse."""

from __future__ import annotations

from typing import Any

import pytest

from clouddeploy import clusters
from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import CloudDeployError
from clouddeploy_alibaba.emulator.world import Resource
from clouddeploy_alibaba.sdk import Sdk
from moto_fixtures.alibaba import REGION, AlibabaAccount


def ask(action: str, product: str = "VPC", **parameters: object) -> Any:
    return Sdk(REGION, None).rpc("do it", product, action, **parameters)


def code_of(action: str, product: str = "VPC", **parameters: object) -> str | None:
    with pytest.raises(CloudDeployError) as caught:
        ask(action, product, **parameters)
    return caught.value.code


@pytest.fixture
def vpc(alibaba_account: AlibabaAccount) -> str:
    found: str = ask("CreateVpc", CidrBlock="192.168.0.0/16")["VpcId"]
    alibaba_account.cloud.clock.advance(60)
    return found


@pytest.mark.parametrize(
    "block",
    [
        "10.0.0.0/7",
        "192.168.0.0/29",
        "192.168.0.0/30",
        "192.168.0.0/32",
        "192.168.0.1/16",
        "127.0.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/16",
        "224.0.0.0/8",
        "fd00::/64",
        "here",
    ],
)
def test_no_vpc_of_such_a_range(block: str, alibaba_account: AlibabaAccount) -> None:
    assert code_of("CreateVpc", CidrBlock=block) == "InvalidCidrBlock.Malformed"
    assert alibaba_account.cloud.world.of("vpc") == []


@pytest.mark.parametrize("block", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/28", "30.0.0.0/16"])
def test_but_of_such_a_one(block: str, alibaba_account: AlibabaAccount) -> None:
    ask("CreateVpc", CidrBlock=block)
    assert [one.cidr for one in alibaba_account.cloud.world.of("vpc")] == [block]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"CidrBlock": "192.168.0.0/30"}, "InvalidCirdrBlock.MaskLength"),
        ({"CidrBlock": "192.0.0.0/15"}, "InvalidCirdrBlock.MaskLength"),
        ({"CidrBlock": "192.168.0.1/24"}, "InvalidCidrBlock.Malformed"),
        ({"CidrBlock": "10.0.0.0/24"}, "InvalidParameter"),
        ({"CidrBlock": "192.168.1.0/24"}, "InvalidCidrBlock.Overlapped"),
        ({"ZoneId": "mars-1a"}, "InvalidZoneId.NotFound"),
        ({"VSwitchName": "x" * 129}, "InvalidVSwitchName.Malformed"),
        ({"VSwitchName": "https://x"}, "InvalidVSwitchName.Malformed"),
    ],
)
def test_a_wrong_vswitch(change: dict[str, str], code: str, vpc: str) -> None:
    wanted = {"VpcId": vpc, "ZoneId": f"{REGION}a", "CidrBlock": "192.168.0.0/18"}
    ask("CreateVSwitch", **wanted)
    assert code_of("CreateVSwitch", **{**wanted, "CidrBlock": "192.168.64.0/18", **change}) == code


@pytest.fixture
def vswitch(vpc: str) -> dict[str, str]:
    """One that the VPC has; what it takes for another."""
    wanted = {"VpcId": vpc, "ZoneId": f"{REGION}a", "CidrBlock": "192.168.0.0/18"}
    ask("CreateVSwitch", **wanted)
    return {**wanted, "CidrBlock": "192.168.64.0/18"}


def test_a_vpc_makes_one_vswitch_at_a_time(vswitch: dict[str, str], alibaba_account: AlibabaAccount) -> None:
    assert code_of("CreateVSwitch", **vswitch) == "IncorrectVSwitchStatus"
    alibaba_account.cloud.clock.advance(60)
    ask("CreateVSwitch", **vswitch)


def test_a_vpc_has_so_many_vswitches(vswitch: dict[str, str], alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.clock.advance(60)
    alibaba_account.cloud.world.quotas["vswitch"] = 1
    assert code_of("CreateVSwitch", **vswitch) == "QuotaExceeded.VSwitch"


def test_what_is_not_there_yet_is_not_deleted(
    vswitch: dict[str, str], alibaba_account: AlibabaAccount
) -> None:
    (made,) = alibaba_account.cloud.world.of("vswitch")
    assert code_of("DeleteVSwitch", VSwitchId=made.id) == "IncorrectVSwitchStatus"
    second = ask("CreateVpc")["VpcId"]
    assert code_of("DeleteVpc", VpcId=second) == "IncorrectVpcStatus"
    alibaba_account.cloud.clock.advance(60)
    ask("DeleteVSwitch", VSwitchId=made.id)
    ask("DeleteVpc", VpcId=second)


@pytest.mark.parametrize(
    ("kind", "code"),
    [("vswitch", "VSwitch"), ("group", "SecurityGroup"), ("nat", "NatGateway"), ("slb", "Instance")],
)
def test_a_vpc_is_deleted_last(kind: str, code: str, vpc: str, alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.world.add(Resource(kind, "left", vpc_id=vpc))
    assert code_of("DeleteVpc", VpcId=vpc) == f"DependencyViolation.{code}"


@pytest.mark.parametrize("name", ["x" * 129, "http://x", "https://x"])
def test_a_wrong_name(name: str, alibaba_account: AlibabaAccount) -> None:
    assert code_of("CreateVpc", VpcName=name) == "InvalidVpcName.Malformed"


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({f"key-{number}": "x" for number in range(21)}, "NumberExceed.Tags"),
        ({"aliyun-mine": "x"}, "InvalidTagKey.Malformed"),
        ({"x" * 129: "x"}, "InvalidTagKey.Malformed"),
        ({"see": "http://example.com"}, "InvalidTagValue.Malformed"),
        ({"long": "x" * 129}, "InvalidTagValue.Malformed"),
        ({"mine": "acs:x"}, "InvalidTagValue.Malformed"),
    ],
)
def test_wrong_tags(tags: dict[str, str], code: str, alibaba_account: AlibabaAccount) -> None:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    assert code_of("CreateVpc", Tag=listed) == code
    assert alibaba_account.cloud.world.of("vpc") == []


def test_a_client_token_stands_for_one_request(alibaba_account: AlibabaAccount) -> None:
    wanted = {"CidrBlock": "10.0.0.0/16", "ClientToken": "token-1"}
    first = ask("CreateVpc", **wanted)["VpcId"]
    assert ask("CreateVpc", **wanted)["VpcId"] == first
    assert code_of("CreateVpc", **{**wanted, "CidrBlock": "10.1.0.0/16"}) == "IdempotentParameterMismatch"
    assert len(alibaba_account.cloud.world.of("vpc")) == 1


@pytest.mark.parametrize("token", ["x" * 65, "ключ"])
def test_a_wrong_client_token(token: str, alibaba_account: AlibabaAccount) -> None:
    assert code_of("CreateVpc", ClientToken=token) == "InvalidParameter"


@pytest.mark.parametrize(
    ("product", "action", "largest"),
    [
        ("VPC", "DescribeVpcs", 50),
        ("VPC", "DescribeVSwitches", 50),
        ("VPC", "DescribeNatGateways", 50),
        ("VPC", "DescribeEipAddresses", 100),
        ("ECS", "DescribeDisks", 100),
        ("SLB", "DescribeLoadBalancers", 100),
    ],
)
def test_a_page_has_its_limits(
    product: str, action: str, largest: int, alibaba_account: AlibabaAccount
) -> None:
    ask(action, product, PageSize=largest)
    for wrong in ({"PageSize": largest + 1}, {"PageSize": 0}, {"PageSize": -1}, {"PageNumber": 0}):
        assert code_of(action, product, **wrong) == "InvalidParameter"
    assert alibaba_account.writes() == []


def test_what_a_running_cluster_needs_cannot_be_deleted(alibaba_account: AlibabaAccount) -> None:
    provisioner = alibaba_account.provider().provisioner
    assert provisioner
    clusters.up(provisioner.steps(ClusterSpec("demo")), clock=alibaba_account.clock)
    world = alibaba_account.cloud.world
    for vswitch in world.of("vswitch"):
        assert code_of("DeleteVSwitch", VSwitchId=vswitch.id) == "DependencyViolation.Resource"
    (balancer,) = world.of("slb")
    refused = code_of("DeleteLoadBalancer", "SLB", LoadBalancerId=balancer.id)
    assert refused == "OperationDenied.DeleteProtectionIsOn"
    assert len(world.of("vswitch")) == 2


def test_what_a_cluster_used_is_free_minutes_after_it(alibaba_account: AlibabaAccount) -> None:
    """Its security group and network interfaces stay a while; deleting waits for them."""
    provisioner = alibaba_account.provider().provisioner
    assert provisioner
    steps = provisioner.steps(ClusterSpec("demo"))
    clusters.up(steps, clock=alibaba_account.clock)
    clusters.down(steps[2:], clock=alibaba_account.clock)
    world = alibaba_account.cloud.world
    (used,) = {one.vswitch_id for one in world.of("group")}
    assert code_of("DeleteVSwitch", VSwitchId=used) == "DependencyViolation.Resource"
    clusters.down(steps, clock=alibaba_account.clock)
    assert world.resources == {}
