"""The policy allows what we call, and nothing that we never call."""

from __future__ import annotations

import json

from clouddeploy_aws import connect
from clouddeploy_aws.permissions import STATEMENTS
from moto_fixtures.aws import ACCOUNT, AwsAccount
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


def test_no_action_is_allowed_twice() -> None:
    every = [action for statement in STATEMENTS for action in statement.actions]
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
