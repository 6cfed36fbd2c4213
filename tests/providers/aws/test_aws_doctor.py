"""The doctor: one line for each question, a fix for each failure, and never an exception."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest

from clouddeploy.contract import Check, Doctor, Identity
from clouddeploy_aws import connect
from clouddeploy_aws.doctor import AwsDoctor
from clouddeploy_aws.emulator.faults import Fault
from clouddeploy_aws.session import Session
from moto_fixtures.aws import (
    AT_QUOTA,
    CLUSTERS_AT_QUOTA,
    EXISTING,
    FOREIGN_CLUSTER,
    LEFTOVERS,
    AwsAccount,
)
from tests.providers.aws.life import run_up, steps_of

_USER = "arn:aws:iam::123456789012:user/rehearsal"


def _doctor(account: AwsAccount, **settings: Any) -> Doctor:
    found = connect(account.target(**settings)).doctor
    assert found is not None
    return found


def _checks(account: AwsAccount, **settings: Any) -> Mapping[str, Check]:
    return {check.title: check for check in (ask() for ask in _doctor(account, **settings).checks())}


def test_an_account_that_is_ready(aws_account: AwsAccount) -> None:
    found = _checks(aws_account)
    assert {title: check.ok for title, check in found.items()} == {
        "SDK": True,
        "credentials": True,
        "permissions": True,
        "registry": True,
        "cluster": None,
        "quota": True,
        "clock": True,
        "price": True,
    }
    assert found["SDK"].detail.startswith("boto3 1.")
    assert found["credentials"].detail == f"{_USER}, account 123456789012, from env"
    assert found["permissions"].detail == "IAM's simulation allows every action"
    assert found["registry"].detail.startswith(f"{aws_account.cloud.host}, a login lasts until ")
    assert found["cluster"].detail == "demo is not there"
    assert found["cluster"].fix == "clouddeploy cluster create --to prod"
    assert found["quota"].detail == "1 of 5 VPCs, 0 of 100 EKS clusters"
    assert found["clock"].detail.endswith(" s from AWS's")
    assert found["price"].detail == "what exists costs about 0.00 USD a month"
    assert aws_account.writes() == []


def test_a_cluster_that_runs_is_told_with_what_it_costs(aws_account: AwsAccount) -> None:
    aws_account.plant(EXISTING)
    aws_account.plant(LEFTOVERS)
    found = _checks(aws_account)
    assert (found["cluster"].ok, found["cluster"].detail) == (True, "demo: ACTIVE, Kubernetes 1.36, ours")
    assert "about 127.52 USD a month, plus nodes" in found["price"].detail


def test_a_cluster_of_somebody_else(aws_account: AwsAccount) -> None:
    aws_account.plant(FOREIGN_CLUSTER)
    found = _checks(aws_account)["cluster"]
    assert (found.ok, "it is not ours" in found.detail) == (False, True)
    assert "write cluster: {existing: demo}" in str(found.fix)

    used = _checks(aws_account, existing=True)["cluster"]
    assert (used.ok, used.detail) == (True, "demo: ACTIVE, Kubernetes 1.36, not ours")


def test_a_cluster_on_its_way_and_one_that_failed(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    record = aws_account.cloud.eks.record("demo")
    record.ready_at = aws_account.cloud.clock.now() + 600
    assert _checks(aws_account)["cluster"].ok is None
    aws_account.cloud.eks.fail("demo", "SubnetNotFound", "We couldn't find a subnet")
    aws_account.cloud.clock.advance(600)
    found = _checks(aws_account)["cluster"]
    assert found.ok is False
    assert "SubnetNotFound" in found.detail
    assert "clouddeploy cluster delete --to prod" in (found.fix or "")


@pytest.mark.parametrize(
    ("seed", "detail", "code"),
    [
        (
            AT_QUOTA,
            "1 of 1 VPCs, 0 of 100 EKS clusters: no room",
            "L-F678F1CE --desired-value 6",
        ),
        (CLUSTERS_AT_QUOTA, "0 of 0 EKS clusters: no room", "--quota-code L-1194D53C --desired-value 5"),
    ],
)
def test_a_quota_that_is_used_up(aws_account: AwsAccount, seed: Any, detail: str, code: str) -> None:
    aws_account.plant(seed)
    found = _checks(aws_account)["quota"]
    assert found.ok is False
    assert detail in found.detail
    assert code in (found.fix or "")


def test_a_quota_that_may_not_be_asked_for(aws_account: AwsAccount) -> None:
    aws_account.cloud.denied.add("servicequotas:GetServiceQuota")
    found = _checks(aws_account)["quota"]
    assert (found.ok, found.detail) == (True, "1 of ? VPCs, 0 of ? EKS clusters")


def test_missing_permissions_are_named(aws_account: AwsAccount) -> None:
    aws_account.cloud.denied |= {"ecr:CreateRepository", "iam:PassRole"}
    found = _checks(aws_account)["permissions"]
    assert found.ok is False
    assert found.detail == "not allowed: ecr:CreateRepository, iam:PassRole"
    assert found.fix is not None
    assert found.fix.endswith("clouddeploy doctor --policy --to prod")


def test_without_the_simulation_reads_are_tried(aws_account: AwsAccount) -> None:
    aws_account.cloud.denied.add("iam:SimulatePrincipalPolicy")
    found = _checks(aws_account)["permissions"]
    assert (found.ok, found.fix) == (None, "allow iam:SimulatePrincipalPolicy to find out")
    aws_account.cloud.denied |= {"eks:ListClusters", "ec2:DescribeVpcs", "iam:GetRole"}
    found = _checks(aws_account)["permissions"]
    assert (found.ok, found.detail) == (
        False,
        "not allowed: eks:ListClusters, ec2:DescribeVpcs, iam:GetRole",
    )


def test_a_role_is_asked_about_by_its_own_name(
    aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    _assume(aws_account, monkeypatch)
    found = _checks(aws_account)
    assert "assumed-role/ci/run" in found["credentials"].detail
    assert found["permissions"].ok is True
    assert ("iam", "GetRole") in aws_account.cloud.calls


def _assume(account: AwsAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    role = account.assumable("ci")
    made = account.client("sts").assume_role(RoleArn=role, RoleSessionName="run")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", made["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", made["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", made["SessionToken"])


class RootSession(Session):
    """As if the credentials were the root user's."""

    def identity(self) -> Identity:
        return Identity("123456789012", "arn:aws:iam::123456789012:root")


def test_the_root_user_is_no_user_to_work_with(aws_account: AwsAccount) -> None:
    doctor = AwsDoctor(RootSession(aws_account.target()))
    found = {check.title: check for check in (ask() for ask in doctor.checks())}
    assert (found["credentials"].ok, found["permissions"].ok) == (None, None)
    assert found["credentials"].detail.endswith("from env: the root user")
    assert "make a user or a role" in (found["credentials"].fix or "")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_ACCESS_KEY_ID", None, "there are no AWS credentials"),
        ("AWS_SECRET_ACCESS_KEY", "wrong" * 8, "AWS refuses the credentials"),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1", "refuses connections"),
    ],
)
def test_nothing_is_raised_and_every_failure_has_a_fix(
    aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, said: str
) -> None:
    if value is None:
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    found = _checks(aws_account)
    assert found["credentials"].ok is False
    assert said in found["credentials"].detail
    assert all(check.fix for check in found.values() if check.ok is not True)


def test_without_boto3_the_first_line_says_how_to_install_it(
    aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    found = _checks(aws_account)["SDK"]
    assert (found.ok, found.fix) == (False, "pip install 'clouddeploy[aws]'")


def test_a_clock_that_is_off_is_told_from_the_refusal_it_causes(
    aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Signature expired: 20200101T000000Z is now earlier than 20261101T000000Z"
    aws_account.cloud.faults.add(Fault("sts", "GetCallerIdentity", "SignatureDoesNotMatch", said, 403))
    monkeypatch.setattr("clouddeploy_aws.doctor.parsedate_to_datetime", _an_hour_later)
    found = {ask().title: ask() for ask in _doctor(aws_account).checks()[6:7]}["clock"]
    assert found.ok is False
    assert found.detail.startswith("3600 s") or found.detail.startswith("3599 s")
    assert found.fix == "set this machine's clock: timedatectl set-ntp true"


def _an_hour_later(text: str) -> Any:
    from datetime import timedelta
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(text) + timedelta(hours=1)


def test_how_to_start_without_an_account(aws_account: AwsAccount) -> None:
    text = _doctor(aws_account).start()
    assert "https://portal.aws.amazon.com/billing/signup" in text
    assert "clouddeploy doctor --policy --to prod" in text
    assert aws_account.cloud.calls == []
