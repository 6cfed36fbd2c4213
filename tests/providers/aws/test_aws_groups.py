"""Security groups that controllers leave in a cluster's VPC: each goes, and no circle of them holds it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from clouddeploy.contract import OWNER_TAG
from clouddeploy.errors import CredentialsError, PreconditionError, TemporaryError
from moto_fixtures.aws import AwsAccount, Seed
from tests.providers.aws.life import (
    NOTHING,
    group_in,
    groups_in_a_circle,
    inventory,
    rule_naming,
    run_down,
    run_up,
    step_of,
    steps_of,
)


@pytest.fixture
def vpc(aws_account: AwsAccount) -> str:
    """The VPC of the cluster demo, with nothing in it."""
    aws_account.plant(Seed(vpcs={"clouddeploy-demo": {OWNER_TAG: "demo"}}))
    filters = [{"Name": f"tag:{OWNER_TAG}", "Values": ["demo"]}]
    return str(aws_account.client("ec2").describe_vpcs(Filters=filters)["Vpcs"][0]["VpcId"])


def _left(account: AwsAccount, vpc: str) -> set[str]:
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    found = account.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return {one["GroupId"] for one in found if one["GroupName"] != "default"}


def test_groups_that_name_each_other_go_and_the_vpc_with_them(aws_account: AwsAccount, vpc: str) -> None:
    groups_in_a_circle(aws_account, vpc)
    step_of(aws_account, "VPC").delete()
    assert inventory(aws_account, "demo") == NOTHING


def test_a_group_that_names_itself_keeps_its_rule(aws_account: AwsAccount, vpc: str) -> None:
    group = group_in(aws_account, vpc, "k8s", {"elbv2.k8s.aws/cluster": "demo"})
    aws_account.client("ec2").authorize_security_group_ingress(
        GroupId=group, IpPermissions=[rule_naming(group)]
    )
    aws_account.cloud.calls.clear()
    step_of(aws_account, "VPC").delete()
    assert aws_account.writes() == ["ec2:DeleteSecurityGroup", "ec2:DeleteVpc"]


def test_the_group_that_eks_could_not_take_away_goes_with_those_that_held_it(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    network = aws_account.client("eks").describe_cluster(name="demo")["cluster"]["resourcesVpcConfig"]
    own, vpc = network["clusterSecurityGroupId"], network["vpcId"]
    balancers = group_in(aws_account, vpc, "k8s", {"eks:eks-cluster-name": "demo"})
    ec2 = aws_account.client("ec2")
    ec2.authorize_security_group_ingress(GroupId=own, IpPermissions=[rule_naming(balancers)])
    ec2.authorize_security_group_egress(GroupId=balancers, IpPermissions=[rule_naming(own)])
    run_down(aws_account, steps_of(aws_account))
    assert inventory(aws_account, "demo") == NOTHING


def test_every_group_is_tried_although_one_is_in_use(aws_account: AwsAccount, vpc: str) -> None:
    ec2 = aws_account.client("ec2")
    held, free = sorted(
        group_in(aws_account, vpc, name, {"elbv2.k8s.aws/cluster": "demo"}) for name in ("one", "two")
    )
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    ec2.create_network_interface(SubnetId=subnet, Groups=[held], Description="ELB net/k8s")
    with pytest.raises(TemporaryError, match=r"still has network interfaces: eni-\w+ \(ELB net/k8s\)"):
        step_of(aws_account, "VPC").delete()
    assert _left(aws_account, vpc) == {held}
    assert free not in _left(aws_account, vpc)


def test_a_rule_of_somebody_elses_group_is_named_and_kept(aws_account: AwsAccount, vpc: str) -> None:
    ours = group_in(aws_account, vpc, "k8s", {"elbv2.k8s.aws/cluster": "demo"})
    other = group_in(aws_account, vpc, "database", {"elbv2.k8s.aws/cluster": "another"})
    ec2 = aws_account.client("ec2")
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule_naming(ours)])
    with pytest.raises(PreconditionError, match=f"rules of {other} name the security group {ours}") as caught:
        run_down(aws_account, steps_of(aws_account))
    assert f"delete these rules of {other}" in str(caught.value.fix)
    assert _left(aws_account, vpc) == {ours, other}
    (kept,) = ec2.describe_security_groups(GroupIds=[other])["SecurityGroups"]
    assert len(kept["IpPermissions"]) == 1


@pytest.mark.parametrize(
    ("way", "permissions"), [("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")]
)
def test_ec2_keeps_a_group_that_a_rule_of_another_names(
    aws_account: AwsAccount, vpc: str, way: str, permissions: str
) -> None:
    ec2 = aws_account.client("ec2")
    named, naming = (group_in(aws_account, vpc, name, {}) for name in ("named", "naming"))
    getattr(ec2, f"authorize_security_group_{way}")(GroupId=naming, IpPermissions=[rule_naming(named)])
    with pytest.raises(ClientError, match=rf"\(DependencyViolation\).* {named} has a dependent object"):
        ec2.delete_security_group(GroupId=named)
    bare = rule_naming(named)
    del bare["UserIdGroupPairs"][0]["Description"]  # a rule is the same with and without its description
    getattr(ec2, f"revoke_security_group_{way}")(GroupId=naming, IpPermissions=[bare])
    ec2.delete_security_group(GroupId=named)
    (left,) = ec2.describe_security_groups(GroupIds=[naming])["SecurityGroups"]
    assert not any(rule["UserIdGroupPairs"] for rule in left[permissions])


def test_ec2_keeps_a_default_group_and_one_in_use(aws_account: AwsAccount, vpc: str) -> None:
    ec2 = aws_account.client("ec2")
    group = group_in(aws_account, vpc, "used", {})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    face = ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    ec2.delete_network_interface(NetworkInterfaceId=face["NetworkInterfaceId"])
    ec2.delete_security_group(GroupId=group)
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    (default,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    with pytest.raises(ClientError, match=r"\(CannotDelete\).* cannot be deleted by a user"):
        ec2.delete_security_group(GroupId=default["GroupId"])


def test_who_may_not_revoke_rules_hears_it_at_once(aws_account: AwsAccount, vpc: str) -> None:
    groups_in_a_circle(aws_account, vpc)
    aws_account.cloud.denied |= {"ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"}
    with pytest.raises(CredentialsError, match="perform: ec2:RevokeSecurityGroup"):
        run_down(aws_account, steps_of(aws_account))
