"""Letting a cluster pull from the target's registry instance, also one that others made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouddeploy import clusters
from clouddeploy.contract import Check, State, Status, Step
from clouddeploy.errors import CredentialsError, PreconditionError
from clouddeploy_alibaba.emulator.records import AddonRecord
from clouddeploy_alibaba.policy import POLICY
from clouddeploy_alibaba.steps.pulls import ADDON
from moto_fixtures.alibaba import FOREIGN_CLUSTER, AlibabaAccount


def step(account: AlibabaAccount) -> Step:
    """What lets the cluster `demo`, which others made, pull from the account's instance."""
    let_pull = account.provider(existing=True).let_pull
    assert let_pull
    return let_pull("demo")


def row(account: AlibabaAccount) -> Check:
    """What doctor says about it."""
    doctor = account.provider(existing=True).doctor
    assert doctor
    return next(one for one in (ask() for ask in doctor.checks()) if one.title == "pulls")


def install(account: AlibabaAccount, config: str) -> AddonRecord:
    """The add-on as somebody else has set it up."""
    (cluster,) = account.cloud.ack.clusters()
    cluster.addons[ADDON] = AddonRecord(ADDON, "1", config, 0)
    return cluster.addons[ADDON]


def test_the_credential_helper_is_installed_in_somebodys_cluster(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(FOREIGN_CLUSTER)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    assert row(alibaba_account).ok is None

    clusters.up([step(alibaba_account)], clock=alibaba_account.clock)
    assert alibaba_account.cloud.ack.can_pull(cluster.id)
    assert alibaba_account.writes() == ["CS:InstallClusterAddons"]
    assert cluster.tags == {"team": "other"}
    assert row(alibaba_account).ok

    (again,) = clusters.up([step(alibaba_account)], clock=alibaba_account.clock)
    assert again.action is clusters.Action.KEEP
    assert alibaba_account.writes() == ["CS:InstallClusterAddons"]


def test_a_helper_that_somebody_takes_away_is_waited_for(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(FOREIGN_CLUSTER)
    clusters.up([step(alibaba_account)], clock=alibaba_account.clock)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    cluster.addons[ADDON].gone_at = alibaba_account.cloud.clock.now() + 60
    assert step(alibaba_account).state() == State(Status.PENDING, "deleting")
    clusters.up([step(alibaba_account)], clock=alibaba_account.clock)
    assert alibaba_account.cloud.ack.can_pull(cluster.id)


def test_an_instance_is_added_to_what_somebody_has_set_up(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(FOREIGN_CLUSTER)
    theirs: dict[str, Any] = {"AcrInstanceInfo": [{"instanceId": "cri-theirs"}], "watchNamespace": "team"}
    addon = install(alibaba_account, json.dumps(theirs))
    clusters.up([step(alibaba_account)], clock=alibaba_account.clock)
    found = json.loads(addon.config)
    assert found["watchNamespace"] == "team"
    assert found["AcrInstanceInfo"][0] == {"instanceId": "cri-theirs"}
    assert len(found["AcrInstanceInfo"]) == 2
    assert alibaba_account.writes() == ["CS:ModifyClusterAddon"]


def test_what_cannot_be_read_is_not_written_over(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(FOREIGN_CLUSTER)
    install(alibaba_account, "AcrInstanceInfo: []")
    with pytest.raises(PreconditionError, match="cannot be read") as caught:
        clusters.up([step(alibaba_account)], clock=alibaba_account.clock)
    assert "ACK console" in str(caught.value.fix)
    assert alibaba_account.writes() == []


def test_who_may_not_is_told_the_request_for_somebody_who_may(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(FOREIGN_CLUSTER)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    policy = json.loads(POLICY.replace('"cs:InstallClusterAddons", ', ""))
    key = alibaba_account.cloud.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    alibaba_account.cloud.policies[key] = policy
    with pytest.raises(CredentialsError) as caught:
        clusters.up([step(alibaba_account)], clock=alibaba_account.clock)
    assert f"aliyun cs POST /clusters/{cluster.id}/components/install --body '[{{" in str(caught.value.fix)


def test_nothing_lets_a_cluster_pull_from_personal_edition(alibaba_account: AlibabaAccount) -> None:
    assert alibaba_account.provider(registry={"edition": "personal", "namespace": "shop"}).let_pull is None
