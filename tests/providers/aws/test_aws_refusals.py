"""What the emulated IAM, EKS, ECR and ELB refuse though their models allow it."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from moto_fixtures.aws import ACCOUNT, EXISTING, REGION, AwsAccount
from tests.providers.aws.life import run_up, steps_of
from tests.providers.aws.refusing import client, refused


def _trust(**changes: Any) -> str:
    principal = {"Service": "eks.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **changes}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


_PLACE = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
_NOBODY = f"arn:aws:iam::{ACCOUNT}:user/nobody"

_TRUSTS = {
    _trust().replace("2012-10-17", "2026-01-01"): "must contain a valid version string",
    _trust(
        Principal={"Service": "eks.example.com"}
    ): 'Invalid principal in policy: "SERVICE":"eks.example.com"',
    _trust(Principal={"AWS": _NOBODY}): f'Invalid principal in policy: "AWS":"{_NOBODY}"',
    _trust(Principal={"Friend": "joe"}): 'Invalid principal in policy: "FRIEND":"joe"',
    _trust(Principal="joe"): 'Invalid principal in policy: "AWS":"joe"',
    _trust(Action="s3:GetObject"): "may only specify STS AssumeRole actions",
    _trust(Colour="red"): "Syntax errors in policy",
}


@pytest.mark.parametrize("document", _TRUSTS)
def test_iam_refuses_a_trust_policy(aws_account: AwsAccount, document: str) -> None:
    aws_account.assumable("ci")
    iam = client("iam")
    for call in (
        lambda: iam.create_role(RoleName="new", AssumeRolePolicyDocument=document),
        lambda: iam.update_assume_role_policy(RoleName="ci", PolicyDocument=document),
    ):
        refused(call, "MalformedPolicyDocument", _TRUSTS[document])


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": ACCOUNT},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:user/rehearsal"},
        {"AWS": "arn:aws:iam::999999999999:role/theirs"},
        {"AWS": ["*", f"arn:aws:iam::{ACCOUNT}:root"]},
        {"Federated": "cognito-identity.amazonaws.com"},
        {"Service": ["ec2.amazonaws.com.cn", "pods.eks.amazonaws.com"]},
    ],
    ids=str,
)
def test_iam_knows_whom_a_role_may_trust(aws_account: AwsAccount, principal: object) -> None:
    client("iam").create_role(RoleName="ci", AssumeRolePolicyDocument=_trust(Principal=principal))


def test_a_trust_policy_has_2048_characters_that_are_no_white_space(aws_account: AwsAccount) -> None:
    iam = client("iam")
    longest = _trust(Sid="")
    room = 2048 - len("".join(longest.split()))
    iam.create_role(RoleName="a", AssumeRolePolicyDocument=_trust(Sid="x" * room) + " " * 99)
    longer = _trust(Sid="x" * (room + 1))
    call = lambda: iam.create_role(RoleName="b", AssumeRolePolicyDocument=longer)  # noqa: E731
    refused(call, "LimitExceeded", "ACLSizePerRole: 2048", 409)


def test_roles_whose_names_differ_in_their_case_are_one(aws_account: AwsAccount) -> None:
    aws_account.assumable("ci")
    iam = client("iam")
    call = lambda: iam.create_role(RoleName="CI", AssumeRolePolicyDocument=_trust())  # noqa: E731
    refused(call, "EntityAlreadyExists", "CI already exists", 409)


def test_a_role_has_ten_managed_policies(aws_account: AwsAccount) -> None:
    aws_account.assumable("ci")
    iam = client("iam")
    arns = [one["Arn"] for one in iam.list_policies(Scope="AWS")["Policies"][:11]]
    for arn in (*arns[:10], arns[0]):
        iam.attach_role_policy(RoleName="ci", PolicyArn=arn)
    refused(
        lambda: iam.attach_role_policy(RoleName="ci", PolicyArn=arns[10]),
        "LimitExceeded",
        "PoliciesPerRole: 10",
        409,
    )


def test_a_roles_own_policy_names_nobody(aws_account: AwsAccount) -> None:
    aws_account.assumable("ci")
    iam = client("iam")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    refused(
        lambda: iam.put_role_policy(RoleName="ci", PolicyName="p", PolicyDocument=document),
        "MalformedPolicyDocument",
        "should not specify a principal",
    )


def test_iam_keeps_its_prefix_to_itself(aws_account: AwsAccount) -> None:
    iam = client("iam")
    tags = [{"Key": "aws:mine", "Value": "x"}]
    refused(
        lambda: iam.create_role(RoleName="ci", AssumeRolePolicyDocument=_trust(), Tags=tags),
        "InvalidInput",
        "aws: prefixed",
    )


@pytest.mark.parametrize(
    ("source", "code", "said", "status"),
    [
        (_NOBODY, "NoSuchEntity", "The user with name nobody cannot be found", 404),
        (f"arn:aws:iam::{ACCOUNT}:root", "InvalidInput", "does not clearly define entity type", 400),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/run", "InvalidInput", "does not clearly define", 400),
    ],
)
def test_iam_simulates_users_groups_and_roles(
    aws_account: AwsAccount, source: str, code: str, said: str, status: int
) -> None:
    iam = client("iam")
    call = lambda: iam.simulate_principal_policy(  # noqa: E731
        PolicySourceArn=source, ActionNames=["s3:ListBucket"]
    )
    refused(call, code, said, status)


def test_a_token_for_a_cluster_has_33_characters(aws_account: AwsAccount) -> None:
    role = aws_account.role("eks", "eks.amazonaws.com", {})
    aws_account.settle(role)
    subnets = [one["SubnetId"] for one in client("ec2").describe_subnets()["Subnets"]]
    eks = client("eks")

    def create(token: str) -> object:
        network = {"subnetIds": subnets}
        return eks.create_cluster(
            name="x", roleArn=role, resourcesVpcConfig=network, clientRequestToken=token
        )

    for token in ("t" * 32, "t" * 127):
        refused(partial(create, token), "InvalidParameterException", "between 33 and 126")
    create("t" * 33)


_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

_ASSOCIATIONS: list[tuple[dict[str, Any], str]] = [
    ({"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, "not that of an access policy"),
    ({"accessScope": {"type": "namespace"}}, "has namespaces if its type is namespace"),
    ({"accessScope": {"type": "cluster", "namespaces": ["shop"]}}, "has namespaces if its type is"),
]


@pytest.mark.parametrize(("changes", "said"), _ASSOCIATIONS, ids=str)
def test_eks_refuses_an_access_policy(aws_account: AwsAccount, changes: dict[str, Any], said: str) -> None:
    run_up(aws_account, steps_of(aws_account))
    entry = {"clusterName": "demo", "principalArn": aws_account.assumable("ci")}
    eks = client("eks")
    eks.create_access_entry(**entry)
    wanted = {"policyArn": _ADMIN, "accessScope": {"type": "cluster"}, **changes}
    refused(lambda: eks.associate_access_policy(**entry, **wanted), "InvalidParameterException", said)


def test_an_administrator_of_a_namespace_is_not_one_of_the_cluster(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    role = aws_account.assumable("ci")
    entry = {"clusterName": "demo", "principalArn": role}
    eks = client("eks")
    eks.create_access_entry(**entry)
    for scope, groups in (
        ({"type": "namespace", "namespaces": ["shop"]}, ()),
        ({"type": "cluster"}, ("system:masters",)),
    ):
        eks.associate_access_policy(**entry, policyArn=_ADMIN, accessScope=scope)
        found = aws_account.cloud.access.groups("demo", role)
        assert found is not None
        assert found[1] == groups


def test_ecr_tags_what_has_an_arn_of_its_own(aws_account: AwsAccount) -> None:
    aws_account.plant(EXISTING)
    ecr = client("ecr")
    refused(
        lambda: ecr.list_tags_for_resource(resourceArn="shop/web"),
        "InvalidParameterException",
        "Invalid ARN",
    )


@pytest.mark.parametrize(
    ("arns", "code"),
    [
        ([f"{_PLACE}:loadbalancer/net/gone/0123"], "LoadBalancerNotFound"),
        ([f"{_PLACE}:loadbalancer/net/web/{number}" for number in range(21)], "ValidationError"),
        (["web"], "ValidationError"),
    ],
    ids=["gone", "many", "no-arn"],
)
def test_elb_refuses_to_show_tags(aws_account: AwsAccount, arns: list[str], code: str) -> None:
    elb = client("elbv2")
    refused(lambda: elb.describe_tags(ResourceArns=arns), code, "")


def test_a_role_that_is_not_there_has_no_instance_profiles(aws_account: AwsAccount) -> None:
    iam = client("iam")
    call = lambda: iam.list_instance_profiles_for_role(RoleName="nobody")  # noqa: E731
    refused(call, "NoSuchEntity", "nobody cannot be found", 404)


def test_ecr_says_of_each_image_why_it_is_none(aws_account: AwsAccount) -> None:
    aws_account.plant(EXISTING)
    ids = [{}, {"imageDigest": "sha256"}, {"imageTag": "v1"}]
    answer = client("ecr").batch_delete_image(repositoryName="shop/web", imageIds=ids)
    found = [failure["failureCode"] for failure in answer["failures"]]
    assert found == ["MissingDigestAndTag", "InvalidImageDigest", "ImageNotFound"]
