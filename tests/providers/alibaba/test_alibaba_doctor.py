"""The doctor: one line for each question, a way out for each that fails, and never an exception."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from clouddeploy import clusters
from clouddeploy.contract import Check
from clouddeploy.emulator.faults import Request
from moto_fixtures.alibaba import AT_QUOTA, EXISTING, FOREIGN_CLUSTER, AlibabaAccount


def diagnosis(account: AlibabaAccount, **settings: Any) -> dict[str, Check]:
    doctor = account.provider(**settings).doctor
    assert doctor
    found = [check() for check in doctor.checks()]
    assert all(one.fix for one in found if not one.ok)
    assert not any("\n" in f"{one.detail}{one.fix}" for one in found)
    return {one.title: one for one in found}


def test_an_account_in_order(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(EXISTING)
    let_pull = alibaba_account.provider().let_pull
    assert let_pull
    clusters.up([let_pull("demo")], clock=alibaba_account.clock)
    found = diagnosis(alibaba_account)
    assert {title for title, one in found.items() if not one.ok} == set()
    assert "acs:ram::1234567890123456:user/rehearsal" in found["credentials"].detail
    assert "Kubernetes 1.35.2" in found["cluster"].detail


def test_a_cluster_of_others_is_a_failure_unless_it_is_called_existing(
    alibaba_account: AlibabaAccount,
) -> None:
    alibaba_account.plant(FOREIGN_CLUSTER)
    found = diagnosis(alibaba_account)
    assert (found["cluster"].ok, found["pulls"].detail) == (False, "demo is not ours")
    assert "write cluster: {existing: demo}" in str(found["cluster"].fix)
    assert diagnosis(alibaba_account, existing=True)["cluster"].ok


def test_it_writes_nothing(alibaba_account: AlibabaAccount) -> None:
    diagnosis(alibaba_account)
    assert alibaba_account.writes() == []


def test_nothing_answers(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.faults.drop(times=1000)
    found = diagnosis(alibaba_account)
    assert {title for title, one in found.items() if one.ok} == {"SDK"}


def test_nobody_may(alibaba_account: AlibabaAccount) -> None:
    denied = {"code": "Forbidden.RAM", "Code": "Forbidden.RAM", "message": "no"}
    detail = {"AccessDeniedDetail": {"AuthAction": "cs:GetClusters"}}
    alibaba_account.cloud.faults.fail(403, 1000, body=json.dumps({**denied, **detail}))
    found = diagnosis(alibaba_account)
    assert found["cluster"].ok is False
    assert "cs:GetClusters" in str(found["cluster"].fix)


def test_wrong_credentials(alibaba_account: AlibabaAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong")
    found = diagnosis(alibaba_account)
    assert found["credentials"].ok is False
    assert "aliyun configure" in str(found["credentials"].fix)


def test_a_permission_that_is_missing_is_named(alibaba_account: AlibabaAccount) -> None:
    body = json.dumps({"Code": "Forbidden.RAM", "Message": "not authorized"})

    def disks(request: Request) -> bool:
        return request.headers.get("x-acs-action") == "DescribeDisks"

    alibaba_account.cloud.faults.fail(403, 100, match=disks, body=body)
    found = diagnosis(alibaba_account)["permissions"]
    assert (found.ok, found.detail) == (False, "refused: ecs:DescribeDisks")
    assert "doctor --policy" in str(found.fix)


@pytest.mark.parametrize(("minutes", "ok"), [(0, True), (10, False), (-10, False)])
def test_a_clock_that_is_off(
    alibaba_account: AlibabaAccount, monkeypatch: pytest.MonkeyPatch, minutes: int, ok: bool
) -> None:
    now = time.time()
    monkeypatch.setattr("clouddeploy_alibaba.sdk.time", SimpleNamespace(time=lambda: now + 60 * minutes))
    found = diagnosis(alibaba_account)["clock"]
    assert found.ok is ok
    assert ("set this machine's clock" in str(found.fix)) is not ok


def test_missing_service_roles(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.ack.missing_roles = {"AliyunCSManagedAcrRole"}
    found = diagnosis(alibaba_account)["service roles"]
    assert (found.ok, found.detail) == (False, "missing: AliyunCSManagedAcrRole")
    assert "cs.console" in str(found.fix)


def test_a_registry_that_lets_nobody_in(alibaba_account: AlibabaAccount) -> None:
    (instance,) = alibaba_account.cloud.acr.instances.values()
    instance.entries = []
    found = diagnosis(alibaba_account)["registry endpoint"]
    assert found.ok is False
    assert "CreateInstanceEndpointAclPolicy" in str(found.fix)


def test_no_registry(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.acr.instances.clear()
    assert diagnosis(alibaba_account)["registry"].ok is False


def test_a_quota_that_is_used_up(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(AT_QUOTA)
    found = diagnosis(alibaba_account)["quota"]
    assert (found.ok, found.detail) == (False, "2 of 2 clusters, 100 nodes in each")


def test_personal_edition_says_what_it_cannot_do(alibaba_account: AlibabaAccount) -> None:
    found = diagnosis(alibaba_account, registry={"edition": "personal"})["registry"]
    assert found.ok is None
    assert "cannot pull" in found.detail


def test_the_policy_can_be_pasted(alibaba_account: AlibabaAccount) -> None:
    doctor = alibaba_account.provider().doctor
    assert doctor
    policy = json.loads(doctor.policy())
    assert policy["Version"] == "1"
    assert all(statement["Effect"] == "Allow" for statement in policy["Statement"])
    assert "clouddeploy doctor --policy --to " in doctor.start()
    assert "{target}" not in doctor.start()
