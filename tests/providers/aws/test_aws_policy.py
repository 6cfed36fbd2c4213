"""The policy allows what we call, and nothing that we never call: by name, and as IAM evaluates it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clouddeploy.clusters import up
from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import OWNER_TAG, ClusterSpec
from clouddeploy.emulator.policy import Demand, allows
from clouddeploy.errors import CredentialsError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_aws import connect
from clouddeploy_aws.allowed import simulated
from clouddeploy_aws.errors import DENIED
from clouddeploy_aws.permissions import STATEMENTS, document
from clouddeploy_aws.session import Session
from moto_fixtures.aws import ACCOUNT, FOREIGN_CLUSTER, REGION, AwsAccount
from tests.providers.aws.life import group_in, rule_naming
from tests.providers.aws.record import live

_IMPLIED = {
    "ecr:BatchCheckLayerAvailability",  # the registry protocol's requests
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
    "ecr:TagResource",  # tags in the request that creates
    "eks:TagResource",
    "iam:TagRole",
    "iam:PassRole",  # roles in the request that creates the cluster
    "iam:CreateServiceLinkedRole",  # by EKS, for an account's first cluster
}
"""Allowed without a call of that name."""

_UNASKED = {"sts:GetCallerIdentity", "iam:SimulatePrincipalPolicy"}
"""Called, but the first needs no permission, and the doctor does without the second."""


def test_the_policy_covers_exactly_what_a_whole_life_calls(aws_account: AwsAccount) -> None:
    called = {call.action for call in live(aws_account)}
    allowed = {action for statement in STATEMENTS for action in statement.actions}
    assert sorted(called - _UNASKED - allowed) == []
    assert sorted(allowed - called - _IMPLIED) == []


def test_no_action_is_allowed_twice_under_the_same_condition() -> None:
    every = [(action, json.dumps(one.conditions)) for one in STATEMENTS for action in one.actions]
    assert len(every) == len(set(every))


def _policy(emulated: AwsAccount, /, **settings: str) -> dict[str, dict[str, object]]:
    doctor = connect(emulated.target(**settings)).doctor
    assert doctor is not None
    document = json.loads(doctor.policy())
    assert document["Version"] == "2012-10-17"
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_the_policy_is_for_one_account_and_region_and_for_what_carries_our_tag(
    aws_account: AwsAccount,
) -> None:
    found = _policy(aws_account, account=ACCOUNT)
    assert found["Push"]["Resource"] == [f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/*"]
    assert found["Roles"]["Resource"] == [f"arn:aws:iam::{ACCOUNT}:role/clouddeploy-*"]
    assert found["ChangeNetwork"]["Condition"] == {"StringLike": {"aws:ResourceTag/clouddeploy:cluster": "*"}}
    assert found["MakeCluster"]["Condition"] == {"StringLike": {"aws:RequestTag/clouddeploy:cluster": "*"}}
    assert aws_account.cloud.calls == []


def test_a_policy_for_an_account_that_nobody_named_and_for_another_partition(
    aws_account: AwsAccount,
) -> None:
    found = _policy(aws_account, region="cn-north-1")
    assert found["Deploy"]["Resource"] == ["arn:aws-cn:eks:cn-north-1:*:cluster/*"]


@pytest.fixture
def releaser(aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch) -> AwsAccount:
    """The environment has a user's key whose rights are what `doctor --policy` prints, and nothing else.

    `aws_account.client` stays the one of the user who may do everything.
    """
    for service in ("ec2", "ecr", "eks", "elbv2", "iam"):
        aws_account.client(service)
    key, secret = aws_account.cloud.moto.add_user("releaser")
    aws_account.cloud.policies[key] = document("aws", REGION, ACCOUNT)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    return aws_account


def test_a_whole_life_needs_nothing_else(releaser: AwsAccount) -> None:
    """Push, create, repair, look, upgrade, delete: only the doctor asks for what it can do without."""
    refused = {call.action for call in live(releaser) if call.answer.get("Error", {}).get("Code") in DENIED}
    assert refused == {"iam:SimulatePrincipalPolicy"}


def test_iams_simulation_of_the_policy_finds_nothing_missing(releaser: AwsAccount) -> None:
    [(key, policy)] = releaser.cloud.policies.items()
    more = {"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}
    releaser.cloud.policies[key] = {**policy, "Statement": [*policy["Statement"], more]}
    assert simulated(Session(releaser.target())) == []


@pytest.mark.parametrize("sid", [one.sid for one in STATEMENTS])
def test_without_one_of_its_statements_something_is_refused(sid: str, releaser: AwsAccount) -> None:
    """No statement is there for nothing, as IAM's simulation tells it."""
    [(key, policy)] = releaser.cloud.policies.items()
    rest = [one for one in policy["Statement"] if one["Sid"] != sid]
    may = {"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}
    releaser.cloud.policies[key] = {**policy, "Statement": [*rest, may]}
    [missing] = [one.actions for one in STATEMENTS if one.sid == sid]
    assert simulated(Session(releaser.target())) == list(missing)


def _vpc(account: AwsAccount, tags: dict[str, str]) -> str:
    return account._vpc("by-hand", tags)


OUTSIDE: dict[str, Callable[[Any, AwsAccount], object]] = {
    "ec2:RunInstances": lambda client, _: client("ec2").run_instances(
        ImageId="ami-12345678", MinCount=1, MaxCount=1
    ),
    "ec2:DeleteVpc": lambda client, account: client("ec2").delete_vpc(VpcId=_vpc(account, {"team": "other"})),
    "ec2:CreateVolume": lambda client, _: client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1),
    "ecr:DeleteRepository": lambda client, _: client("ecr").delete_repository(repositoryName="shop/web"),
    "eks:DeleteCluster": lambda client, _: client("eks").delete_cluster(name="demo"),
    "iam:ListUsers": lambda client, _: client("iam").list_users(),
    "iam:AttachRolePolicy": lambda client, _: client("iam").attach_role_policy(
        RoleName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    ),
}
"""What the policy does not allow, and a call for it."""


@pytest.mark.parametrize("action", OUTSIDE)
def test_what_is_outside_is_refused_in_the_clouds_words(action: str, releaser: AwsAccount) -> None:
    """Somebody else's VPC and cluster, and whatever we never do."""
    releaser.plant(FOREIGN_CLUSTER)
    with pytest.raises(ClientError) as caught:
        OUTSIDE[action](_releasers_own, releaser)
    error = caught.value.response["Error"]
    assert error["Code"] in DENIED
    assert f"is not authorized to perform: {action} on resource: " in error["Message"]


def _releasers_own(service: str) -> Any:
    """A client with the rights of the policy, beside those of `aws_account.client`."""
    import boto3

    session: Any = boto3.Session()
    return session.client(service, region_name=REGION)


_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def test_nobody_becomes_administrator_by_the_policy(releaser: AwsAccount) -> None:
    """A role that anybody may assume can be made, but gets no other policies than our roles have."""
    iam = _releasers_own("iam")
    anybody = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    iam.create_role(RoleName="clouddeploy-door", AssumeRolePolicyDocument=trust)
    with pytest.raises(ClientError, match="not authorized to perform: iam:AttachRolePolicy"):
        iam.attach_role_policy(RoleName="clouddeploy-door", PolicyArn=_ADMINISTRATOR)
    with pytest.raises(ClientError, match="not authorized to perform: iam:PutRolePolicy"):
        iam.put_role_policy(RoleName="clouddeploy-door", PolicyName="all", PolicyDocument=trust)
    pull = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    iam.attach_role_policy(RoleName="clouddeploy-door", PolicyArn=pull)


def test_nobody_makes_ours_of_somebody_elses_network_by_a_tag(releaser: AwsAccount) -> None:
    other = _vpc(releaser, {"team": "other"})
    ec2 = _releasers_own("ec2")
    with pytest.raises(ClientError, match="not authorized to perform: ec2:CreateTags"):
        ec2.create_tags(Resources=[other], Tags=[{"Key": OWNER_TAG, "Value": "demo"}])
    ours = _vpc(releaser, {OWNER_TAG: "demo"})
    ec2.create_tags(Resources=[ours], Tags=[{"Key": "generation", "Value": "2"}])


def test_nobody_takes_rules_from_somebody_elses_security_group(releaser: AwsAccount) -> None:
    vpc = _vpc(releaser, {OWNER_TAG: "demo"})
    database = group_in(releaser, vpc, "database", {"team": "other"})
    releaser.client("ec2").authorize_security_group_ingress(
        GroupId=database, IpPermissions=[rule_naming(database)]
    )
    with pytest.raises(ClientError, match="not authorized to perform: ec2:RevokeSecurityGroupIngress"):
        _releasers_own("ec2").revoke_security_group_ingress(
            GroupId=database, IpPermissions=[rule_naming(database)]
        )


@pytest.mark.parametrize(
    ("service", "may"), [("eks.amazonaws.com", True), ("lambda.amazonaws.com", False), (None, False)]
)
def test_our_roles_go_to_eks_alone(service: str | None, may: bool) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/clouddeploy-demo-{REGION}-cluster"
    context = {"iam:PassedToService": service} if service else {}
    assert allows(document("aws", REGION, ACCOUNT), Demand("iam:PassRole", role, context)) == may


def test_the_policy_is_no_longer_than_iam_takes() -> None:
    """IAM quota: 6,144 characters in a managed policy, white space not counted."""
    text = "".join(json.dumps(document("aws-us-gov", "ap-southeast-1", ACCOUNT)).split())
    assert len(text) <= 6144


def test_the_product_says_which_permission_is_missing(releaser: AwsAccount) -> None:
    [(key, policy)] = releaser.cloud.policies.items()
    rest = [one for one in policy["Statement"] if one["Sid"] != "MakeNetwork"]
    releaser.cloud.policies[key] = {**policy, "Statement": rest}
    provisioner = connect(releaser.target()).provisioner
    assert provisioner
    with pytest.raises(CredentialsError, match="not authorized to perform: ec2:CreateVpc") as caught:
        up(provisioner.steps(ClusterSpec("demo")), clock=releaser.clock)
    assert "allow ec2:CreateVpc (clouddeploy doctor --policy)" in str(caught.value.fix)


def test_a_login_may_push_no_more_than_the_user_who_asked_for_it(releaser: AwsAccount) -> None:
    registry = connect(releaser.target()).registry
    address = registry.ensure("shop/web").address
    [(key, policy)] = releaser.cloud.policies.items()
    reads = [one for one in policy["Statement"] if one["Sid"] != "Push"]
    releaser.cloud.policies[key] = {**policy, "Statement": reads}
    with (
        RegistryClient(releaser.cloud.host, registry.login) as client,
        pytest.raises(CredentialsError) as caught,
    ):
        push_image(TinyImage(), address, ["v1"], client)
    assert "is not authorized to perform: ecr:" in caught.value.message


def test_a_deny_wins_and_a_condition_needs_its_key() -> None:
    allow = {"Effect": "Allow", "Action": "ec2:Delete*", "Resource": "arn:aws:ec2:*:1:vpc/*"}
    owned = {**allow, "Condition": {"StringLike": {f"aws:ResourceTag/{OWNER_TAG}": "*"}}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:ec2:*:1:vpc/vpc-2"}
    policy = {"Statement": [owned, deny]}
    tags = {f"aws:ResourceTag/{OWNER_TAG}": "demo"}
    assert allows(policy, Demand("EC2:deletevpc", "arn:aws:ec2:eu-west-1:1:vpc/vpc-1", tags))
    assert not allows(policy, Demand("ec2:DeleteVpc", "arn:aws:ec2:eu-west-1:1:vpc/vpc-1"))
    assert not allows(policy, Demand("ec2:DeleteVpc", "arn:aws:ec2:eu-west-1:1:vpc/vpc-2", tags))
    assert not allows(policy, Demand("ec2:CreateVpc", "arn:aws:ec2:eu-west-1:1:vpc/*", tags))
    arns = {"ArnEquals": {"iam:PolicyARN": ["arn:aws:iam::aws:policy/AmazonEKS*"]}}
    attach = {"Statement": [{**allow, "Action": "*", "Resource": "*", "Condition": arns}]}
    for name, may in (
        ("aws:policy/AmazonEKSClusterPolicy", True),
        ("1:policy/AmazonEKSClusterPolicy", False),
    ):
        context = {"iam:PolicyARN": f"arn:aws:iam::{name}"}
        assert allows(attach, Demand("iam:AttachRolePolicy", "*", context)) == may
    assert not allows(attach, Demand("iam:AttachRolePolicy"))
    with pytest.raises(ValueError, match="NumericLessThan"):
        allows(
            {"Statement": [{**allow, "Condition": {"NumericLessThan": {}}}]},
            Demand("ec2:DeleteVpc", "arn:aws:ec2:x:1:vpc/y"),
        )
