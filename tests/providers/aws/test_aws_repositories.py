"""How repositories are set up: what the target says, on the first run and on later ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouddeploy_aws import connect
from clouddeploy_aws.emulator.faults import Fault
from moto_fixtures.aws import EXISTING, AwsAccount

_ALL = {"immutable": "true", "keep": "10", "scan": "true"}


def _ensure(account: AwsAccount, name: str = "shop/web", **registry: str) -> bool:
    return connect(account.target(registry=registry)).registry.ensure(name).created


def _settings(account: AwsAccount, name: str = "shop/web") -> tuple[str, bool, list[Any]]:
    ecr = account.client("ecr")
    found = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    rules = json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])["rules"]
    kept = [(rule["selection"]["tagStatus"], rule["selection"]["countNumber"]) for rule in rules]
    return found["imageTagMutability"], found["imageScanningConfiguration"]["scanOnPush"], kept


def test_without_options_tags_move_nothing_is_scanned_and_untagged_images_go(aws_account: AwsAccount) -> None:
    _ensure(aws_account)
    assert _settings(aws_account) == ("MUTABLE", False, [("untagged", 14)])


def test_a_repository_is_made_as_the_target_says(aws_account: AwsAccount) -> None:
    assert _ensure(aws_account, **_ALL)
    assert _settings(aws_account) == ("IMMUTABLE", True, [("untagged", 14), ("any", 10)])
    assert aws_account.writes() == ["ecr:CreateRepository", "ecr:PutLifecyclePolicy"]


def test_a_repository_of_ours_is_brought_to_what_the_target_says(aws_account: AwsAccount) -> None:
    _ensure(aws_account)
    assert not _ensure(aws_account, **_ALL)
    assert _settings(aws_account) == ("IMMUTABLE", True, [("untagged", 14), ("any", 10)])
    aws_account.cloud.calls.clear()
    _ensure(aws_account, **_ALL)
    _ensure(aws_account)
    assert aws_account.writes() == []
    _ensure(aws_account, immutable="off", scan="no")
    assert _settings(aws_account) == ("MUTABLE", False, [("untagged", 14), ("any", 10)])


def test_what_somebody_else_made_is_used_as_it_is(aws_account: AwsAccount) -> None:
    aws_account.plant(EXISTING)
    assert not _ensure(aws_account, **_ALL)
    assert aws_account.writes() == []


@pytest.mark.parametrize("mutability", ["MUTABLE", "IMMUTABLE"])
def test_whether_its_tags_move_is_asked_of_the_repository(aws_account: AwsAccount, mutability: str) -> None:
    aws_account.client("ecr").create_repository(repositoryName="shop/web", imageTagMutability=mutability)
    for wanted in ("true", "false"):
        registry = connect(aws_account.target(registry={"immutable": wanted})).registry
        assert registry.ensure("shop/web").immutable is (mutability == "IMMUTABLE")


@pytest.mark.parametrize("action", ["CreateRepository", "PutLifecyclePolicy"])
def test_a_lost_reply_leaves_a_repository_with_its_policy(aws_account: AwsAccount, action: str) -> None:
    aws_account.cloud.faults.add(Fault("ecr", action, lost=True))
    _ensure(aws_account, **_ALL)
    assert _settings(aws_account) == ("IMMUTABLE", True, [("untagged", 14), ("any", 10)])


def test_a_run_that_ended_before_the_policy_is_finished_by_the_next(aws_account: AwsAccount) -> None:
    aws_account.client("ecr").create_repository(
        repositoryName="shop/web", tags=[{"Key": "clouddeploy:app", "Value": "shop"}]
    )
    assert not _ensure(aws_account)
    assert _settings(aws_account) == ("MUTABLE", False, [("untagged", 14)])
