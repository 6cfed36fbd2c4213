"""The RAM policy that `doctor --policy` prints allows what we call, and nothing that we never call."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from clouddeploy.clusters import up
from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import CloudDeployError, CredentialsError
from clouddeploy_alibaba.emulator.cloud import SERVICES
from clouddeploy_alibaba.emulator.ram import actions_of
from clouddeploy_alibaba.policy import POLICY
from moto_fixtures.alibaba import AlibabaAccount
from tests.providers.alibaba.test_alibaba_schema import live

IMPLIED = {
    "cr:PullRepository",  # what a registry token is for; the emulated registry's tokens may do both
    "cr:PushRepository",
    "vpc:TagResources",  # tags in the request that creates
}
"""Allowed without a call of that name."""


@pytest.fixture
def releaser(alibaba_account: AlibabaAccount) -> AlibabaAccount:
    """The account's key belongs to a RAM user with exactly the printed policy."""
    key = alibaba_account.cloud.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    alibaba_account.cloud.policies[key] = json.loads(POLICY)
    return alibaba_account


def allowed() -> set[str]:
    return {action for one in json.loads(POLICY)["Statement"] for action in one["Action"]}


def test_a_whole_life_needs_nothing_else(releaser: AlibabaAccount) -> None:
    """Registry, push, cluster, access, scale, upgrade, doctor, delete, leftovers."""
    live(releaser)
    called = {action for call in releaser.cloud.calls for action in actions_of(*call)}
    assert allowed() - called == IMPLIED


@pytest.mark.parametrize("action", sorted(allowed() - IMPLIED))
def test_without_one_of_its_actions_the_refusal_names_it(action: str, releaser: AlibabaAccount) -> None:
    """The life gets as far as that: no action is there for nothing."""
    statements = json.loads(POLICY)["Statement"]
    for one in statements:
        one["Action"] = [each for each in one["Action"] if each != action]
    [key] = releaser.cloud.policies
    releaser.cloud.policies[key] = {"Statement": statements}
    refused: list[Any] = []
    releaser.cloud.observe = lambda *told: refused.append(told[-1].body) if told[-1].status == 403 else None
    with suppress(CloudDeployError, AssertionError):  # an assertion of the life: something is missing
        live(releaser)
    releaser.cloud.observe = None
    assert action in json.dumps(refused)


def test_what_is_outside_is_refused_in_the_clouds_words(releaser: AlibabaAccount) -> None:
    [key] = releaser.cloud.policies
    releaser.cloud.policies[key] = {"Statement": []}
    with pytest.raises(CredentialsError, match="not authorized") as caught:
        releaser.provider().identity()
    assert "allow sts:GetCallerIdentity" in str(caught.value.fix)
    releaser.cloud.policies[key] = {
        "Statement": [{"Effect": "Allow", "Action": ["sts:*", "vpc:*", "ecs:*"], "Resource": "*"}]
    }
    provisioner = releaser.provider().provisioner
    assert provisioner
    with pytest.raises(CredentialsError, match="RAM policy Forbidden for action cs:") as caught:
        up(provisioner.steps(ClusterSpec("demo")), clock=releaser.clock)
    assert "administrator to allow cs:" in str(caught.value.fix)


def test_every_service_has_a_code() -> None:
    assert all(actions_of(service, "X") for service in SERVICES.values())
