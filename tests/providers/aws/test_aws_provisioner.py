"""Clusters made and deleted through the engine: from nothing, from anywhere in between, beside others."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from clouddeploy.contract import OWNER_TAG, State, Status, Step
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    ForeignResourceError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_aws.emulator.faults import Fault
from clouddeploy_aws.steps.naming import role_name
from moto_fixtures.aws import FOREIGN_CLUSTER, FOREIGN_ROLE, FOREIGN_VPC, AwsAccount, Seed
from tests.providers.aws.life import (
    CREATES,
    NOTHING,
    WRONG_TRUST,
    inventory,
    run_down,
    run_up,
    step_of,
    steps_of,
)


def test_from_an_empty_account_to_a_cluster(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    made = inventory(aws_account, "demo")
    assert made["gateways"] == [1]
    assert made["subnets"] == [
        ("eu-west-1a", "10.64.0.0/20", True),
        ("eu-west-1b", "10.64.16.0/20", True),
        ("eu-west-1c", "10.64.32.0/20", True),
    ]
    assert made["routes"] == [[("0.0.0.0/0", "igw-"), ("10.64.0.0/16", "loca")]]
    assert made["associations"] == [3]
    assert made["roles"] == {
        "cluster": [
            "AmazonEKSBlockStoragePolicy",
            "AmazonEKSClusterPolicy",
            "AmazonEKSComputePolicy",
            "AmazonEKSLoadBalancingPolicy",
            "AmazonEKSNetworkingPolicy",
        ],
        "nodes": ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodeMinimalPolicy"],
    }
    assert made["cluster"] == {
        "status": "ACTIVE",
        "version": "1.36",
        "accessConfig": {"authenticationMode": "API"},
        "storageConfig": {"blockStorage": {"enabled": True}},
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": "172.20.0.0/16",
            "ipFamily": "ipv4",
            "elasticLoadBalancing": {"enabled": True},
        },
        "subnets": 3,
        "auto": True,
    }


def test_it_writes_no_more_than_it_must_and_waits_for_iam(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    writes = aws_account.writes()
    assert writes[: len(CREATES)] == list(CREATES)
    assert set(writes[len(CREATES) :]) == {"eks:CreateCluster"}
    assert len(writes) > len(CREATES)  # the first tries came before EKS knew the role


def test_a_second_run_changes_nothing(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    aws_account.cloud.calls.clear()
    run_up(aws_account, steps_of(aws_account))
    assert aws_account.writes() == []


def test_everything_is_deleted_in_reverse_and_the_second_time_nothing(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    run_down(aws_account, steps_of(aws_account))
    assert inventory(aws_account, "demo") == NOTHING
    assert aws_account.kubernetes[0].closed
    aws_account.cloud.calls.clear()
    run_down(aws_account, steps_of(aws_account))
    assert aws_account.writes() == []


def test_a_half_made_vpc_is_finished(aws_account: AwsAccount) -> None:
    aws_account.plant(Seed(vpcs={"clouddeploy-demo": {OWNER_TAG: "demo"}}))
    step = step_of(aws_account, "VPC")
    state = step.state()
    assert state.status is Status.ABSENT
    assert state.detail.startswith("incomplete: vpc-")
    step.create()
    assert step.state().status is Status.READY
    assert "ec2:CreateVpc" not in aws_account.writes()


def test_every_part_that_somebody_took_away_is_put_back(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    whole = inventory(aws_account, "demo")
    ec2, iam = aws_account.client("ec2"), aws_account.client("iam")
    filters = [{"Name": f"tag:{OWNER_TAG}", "Values": ["demo"]}]
    table = ec2.describe_route_tables(Filters=filters)["RouteTables"][0]
    gateway = ec2.describe_internet_gateways(Filters=filters)["InternetGateways"][0]["InternetGatewayId"]
    subnet = ec2.describe_subnets(Filters=filters)["Subnets"][0]["SubnetId"]
    role = role_name("demo", "eu-west-1", "nodes")
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    ec2.disassociate_route_table(AssociationId=table["Associations"][0]["RouteTableAssociationId"])
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=table["VpcId"])
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
    ec2.modify_vpc_attribute(VpcId=table["VpcId"], EnableDnsHostnames={"Value": False})
    iam.detach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    )
    iam.update_assume_role_policy(
        RoleName=role_name("demo", "eu-west-1", "cluster"), PolicyDocument=json.dumps(WRONG_TRUST)
    )
    run_up(aws_account, steps_of(aws_account))
    assert inventory(aws_account, "demo") == whole
    assert {step.state().status for step in steps_of(aws_account)} == {Status.READY}


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (FOREIGN_VPC, r"the VPC vpc-\w+ \(clouddeploy-demo\) exists but does not carry the tag"),
        (FOREIGN_ROLE, "the IAM role clouddeploy-demo-eu-west-1-cluster exists but does not carry the tag"),
        (FOREIGN_CLUSTER, "the EKS cluster demo exists but does not carry the tag clouddeploy:cluster=demo"),
    ],
)
def test_what_is_not_ours_is_never_touched(aws_account: AwsAccount, seed: Seed, said: str) -> None:
    aws_account.plant(seed)
    with pytest.raises(ForeignResourceError, match=said) as caught:
        run_up(aws_account, steps_of(aws_account))
    assert caught.value.fix
    with pytest.raises(ForeignResourceError, match=said):
        run_down(aws_account, steps_of(aws_account))
    assert aws_account.writes() == []


def test_a_foreign_cluster_can_be_used_as_it_is(aws_account: AwsAccount) -> None:
    aws_account.plant(FOREIGN_CLUSTER)
    with pytest.raises(ForeignResourceError) as caught:
        step_of(aws_account, "EKS control plane").state()
    assert "cluster: {existing: demo}" in (caught.value.fix or "")


def test_two_clusters_of_one_account_share_nothing(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account, "one"))
    run_up(aws_account, steps_of(aws_account, "two"))
    before = inventory(aws_account, "two")
    run_down(aws_account, steps_of(aws_account, "one"))
    assert inventory(aws_account, "two") == before


def test_a_cluster_made_again_in_the_same_network_is_a_new_one(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    eks = aws_account.client("eks")
    first = eks.describe_cluster(name="demo")["cluster"]["clientRequestToken"]
    run_down(aws_account, [step_of(aws_account, "EKS control plane")])
    run_up(aws_account, steps_of(aws_account))
    assert eks.describe_cluster(name="demo")["cluster"]["clientRequestToken"] != first


@pytest.mark.parametrize("name", ["", "-demo", "de mo", "d" * 101, "démo"])
def test_a_cluster_name_that_eks_would_refuse(aws_account: AwsAccount, name: str) -> None:
    with pytest.raises(ConfigError, match="is no EKS cluster name") as caught:
        steps_of(aws_account, name)
    assert "1 to 100 letters" in (caught.value.fix or "")
    assert aws_account.cloud.calls == []


def test_long_names_make_roles_that_iam_takes_and_that_differ() -> None:
    first, second = (role_name("d" * 60 + end, "ap-southeast-1", "cluster") for end in "12")
    assert len(first) == len(second) == 64
    assert first != second


def test_a_version_that_eks_does_not_offer(aws_account: AwsAccount) -> None:
    with pytest.raises(ConfigError, match=r"EKS offers no Kubernetes 1\.2; the nearest is 1\.3") as caught:
        run_up(aws_account, steps_of(aws_account, version="1.2"))
    assert "use one of 1.34, 1.35, 1.36" in (caught.value.fix or "")
    assert aws_account.writes() == []


def test_a_version_in_extended_support_is_refused_with_what_it_costs(aws_account: AwsAccount) -> None:
    said = r"Kubernetes 1\.33 is in extended support, .* costs 438 USD a month instead of 73"
    with pytest.raises(ConfigError, match=said) as caught:
        run_up(aws_account, steps_of(aws_account, version="1.33"))
    assert "use one of 1.34, 1.35, 1.36;" in (caught.value.fix or "")
    assert aws_account.writes() == []


def test_a_version_that_nobody_may_ask_about_is_refused_by_eks(aws_account: AwsAccount) -> None:
    aws_account.cloud.denied.add("eks:DescribeClusterVersions")
    with pytest.raises(ConfigError, match=r"unsupported Kubernetes version 1\.2"):
        run_up(aws_account, steps_of(aws_account, version="1.2"))


def test_the_version_that_was_asked_for(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account, version="1.34"))
    assert aws_account.client("eks").describe_cluster(name="demo")["cluster"]["version"] == "1.34"


def _refuse_zones(account: AwsAccount, valid: Sequence[str]) -> None:
    """Let EKS know the roles, so that the zones are what is wrong with the next request."""
    run_up(account, steps_of(account)[:-1])
    with pytest.raises(TemporaryError):
        steps_of(account)[-1].create()
    account.cloud.clock.advance(60)
    code, members = "UnsupportedAvailabilityZoneException", {"validZones": list(valid)}
    account.cloud.faults.add(Fault("eks", "CreateCluster", code, "not there", 400, members=members))


def test_zones_that_eks_refuses_are_left_out(aws_account: AwsAccount) -> None:
    zones = ["eu-west-1a", "eu-west-1c"]
    _refuse_zones(aws_account, zones)
    run_up(aws_account, steps_of(aws_account))
    made = aws_account.client("eks").describe_cluster(name="demo")["cluster"]["resourcesVpcConfig"]
    subnets = aws_account.client("ec2").describe_subnets(SubnetIds=made["subnetIds"])["Subnets"]
    assert sorted(subnet["AvailabilityZone"] for subnet in subnets) == zones


def test_too_few_zones_are_left(aws_account: AwsAccount) -> None:
    _refuse_zones(aws_account, ["eu-west-1a"])
    with pytest.raises(PreconditionError, match="EKS takes only the zones eu-west-1a") as caught:
        run_up(aws_account, steps_of(aws_account))
    assert "choose another region" in (caught.value.fix or "")


@pytest.mark.parametrize(
    ("fault", "quota"),
    [
        (
            Fault(
                "ec2", "CreateVpc", "VpcLimitExceeded", "The maximum number of VPCs has been reached.", 400
            ),
            "VPCs",
        ),
        (
            Fault("iam", "CreateRole", "LimitExceeded", "Cannot exceed quota for RolesPerAccount", 409),
            "IAM objects",
        ),
        (
            Fault("eks", "CreateCluster", "ResourceLimitExceededException", "Cluster limit", 400),
            "EKS clusters",
        ),
    ],
)
def test_a_used_up_quota_is_named_and_the_run_can_go_on(
    aws_account: AwsAccount, fault: Fault, quota: str
) -> None:
    aws_account.cloud.faults.add(fault)
    with pytest.raises(PreconditionError, match=f"quota for {quota} is used up") as caught:
        run_up(aws_account, steps_of(aws_account))
    assert "Service Quotas" in (caught.value.fix or "")
    assert caught.value.code == fault.code
    run_up(aws_account, steps_of(aws_account))


def test_one_throttled_write_is_waited_out(aws_account: AwsAccount) -> None:
    throttled = "Request limit exceeded."
    aws_account.cloud.faults.add(Fault("ec2", "CreateVpc", "RequestLimitExceeded", throttled, 503))
    run_up(aws_account, steps_of(aws_account))
    assert inventory(aws_account, "demo")["vpcs"] == 1


def test_a_cluster_that_failed_says_why(aws_account: AwsAccount) -> None:
    steps = steps_of(aws_account)
    run_up(aws_account, steps[:-1])
    aws_account.cloud.clock.advance(60)
    _create_patiently(aws_account, steps[-1])
    aws_account.cloud.eks.fail("demo", "SubnetNotFound", "We couldn't find a subnet")
    aws_account.cloud.clock.advance(3600)
    assert steps[-1].state() == State(Status.FAILED, "SubnetNotFound: We couldn't find a subnet")
    with pytest.raises(CloudDeployError, match="SubnetNotFound"):
        run_up(aws_account, steps_of(aws_account))
    run_down(aws_account, steps_of(aws_account))
    assert inventory(aws_account, "demo") == NOTHING


def _create_patiently(account: AwsAccount, step: Step) -> None:
    for _ in range(3):
        try:
            return step.create()
        except TemporaryError:
            account.cloud.clock.advance(60)
    raise AssertionError("it cannot be created")


def test_a_role_that_eks_does_not_know_yet_is_temporary(aws_account: AwsAccount) -> None:
    steps = steps_of(aws_account)
    run_up(aws_account, steps[:-1])
    with pytest.raises(TemporaryError, match="the new role is not known to EKS yet") as caught:
        steps[-1].create()
    assert caught.value.code == "InvalidParameterException"
    assert steps[-1].state() == State(Status.ABSENT)


def test_iam_may_take_its_time_to_know_a_new_role(aws_account: AwsAccount) -> None:
    """NoSuchEntity for a role that was made a moment ago ends no run."""
    lag = aws_account.cloud.moto.lag
    lag.known, lag.listed = 60, 0
    run_up(aws_account, steps_of(aws_account))
    assert len(inventory(aws_account, "demo")["roles"]["cluster"]) == 5


@pytest.mark.parametrize("action", ["AttachRolePolicy", "ListAttachedRolePolicies"])
def test_a_role_that_iam_does_not_know_everywhere_yet_is_temporary(
    aws_account: AwsAccount, action: str
) -> None:
    fault = Fault("iam", action, "NoSuchEntity", "The role with name x cannot be found.", 404, times=10**6)
    aws_account.cloud.faults.add(fault)
    with pytest.raises(TemporaryError, match="AWS does not know it everywhere yet") as caught:
        step_of(aws_account, "role for the control plane").create()
    assert caught.value.code == "NoSuchEntity"


def test_nothing_is_attached_to_a_role_that_nobody_has_seen(aws_account: AwsAccount) -> None:
    """It may be somebody else's: the name is taken, and IAM does not show yet by whom."""
    aws_account.plant(FOREIGN_ROLE)
    lag = aws_account.cloud.moto.lag
    lag.listed = 60
    step = step_of(aws_account, "role for the control plane")
    with pytest.raises(TemporaryError, match="is there, and IAM does not show it yet"):
        step.create()
    aws_account.cloud.clock.advance(60)
    with pytest.raises(ForeignResourceError):
        step.create()
    assert "iam:AttachRolePolicy" not in aws_account.writes()


def test_the_network_waits_for_what_is_still_in_it(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    with pytest.raises(
        TemporaryError, match=r"still has network interfaces: eni-\w+ \(Amazon EKS demo\)"
    ) as caught:
        step_of(aws_account, "subnets").delete()
    assert caught.value.code == "DependencyViolation"


def test_a_cluster_that_is_protected_stays(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    record = aws_account.cloud.eks.record("demo")
    record.request = {**record.request, "deletionProtection": True}
    with pytest.raises(PreconditionError, match="is protected against deletion") as caught:
        step_of(aws_account, "EKS control plane").delete()
    assert "--no-deletion-protection" in (caught.value.fix or "")
