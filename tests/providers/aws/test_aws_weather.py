"""Bad weather: throttling, minutes of server errors, credentials that end half-way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.clusters import up
from clouddeploy.errors import CredentialsError, PreconditionError
from clouddeploy_aws import connect
from clouddeploy_aws.emulator.faults import Fault
from moto_fixtures.aws import AT_QUOTA, CLUSTERS_AT_QUOTA, AwsAccount
from tests.providers.aws.life import CREATES, NOTHING, inventory, run_down, run_up, steps_of

_THROTTLED = {
    "ec2": ("RequestLimitExceeded", 503),
    "iam": ("Throttling", 400),
    "eks": ("ThrottlingException", 429),
}


pytestmark = pytest.mark.usefixtures("sdk_waits_in_emulated_time")


@pytest.mark.parametrize("write", sorted(set(CREATES)))
def test_a_call_that_is_throttled_again_and_again_is_waited_out(aws_account: AwsAccount, write: str) -> None:
    service, action = write.split(":")
    code, status = _THROTTLED[service]
    aws_account.cloud.faults.add(Fault(service, action, code, "Rate exceeded", status, times=7))
    run_up(aws_account, steps_of(aws_account))
    assert inventory(aws_account, "demo")["cluster"]["status"] == "ACTIVE"


class Weather:
    """Emulated time in which changes happen at their moments, in seconds from here."""

    def __init__(self, account: AwsAccount, changes: Mapping[float, Callable[[], None]]) -> None:
        self._clock = account.cloud.clock
        start = self._clock.now()
        self.coming = sorted((start + after, change) for after, change in changes.items())

    def monotonic(self) -> float:
        return self._clock.now()

    def sleep(self, seconds: float, /) -> None:
        self._clock.advance(seconds)
        while self.coming and self._clock.now() >= self.coming[0][0]:
            self.coming.pop(0)[1]()


@pytest.mark.parametrize("write", ["ec2:CreateSubnet", "iam:CreateRole", "eks:CreateCluster"])
def test_five_minutes_of_server_errors_are_waited_out(aws_account: AwsAccount, write: str) -> None:
    service, action = write.split(":")
    fault = Fault(service, action, times=10**6)
    aws_account.cloud.faults.add(fault)
    clock = Weather(aws_account, {300: lambda: setattr(fault, "times", 0)})
    up(steps_of(aws_account), clock=clock)
    assert clock.coming == []
    assert inventory(aws_account, "demo")["cluster"]["status"] == "ACTIVE"


def test_five_minutes_without_eks_while_the_cluster_is_made(aws_account: AwsAccount) -> None:
    fault = Fault("eks", "*", times=10**6)
    outage = {60: lambda: aws_account.cloud.faults.add(fault), 360: lambda: setattr(fault, "times", 0)}
    clock = Weather(aws_account, outage)
    up(steps_of(aws_account), clock=clock)
    assert clock.coming == []
    assert inventory(aws_account, "demo")["cluster"]["status"] == "ACTIVE"


def _as_files(account: AwsAccount, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The credentials in a file, where a login tool can renew them."""
    file = folder / "credentials"
    _write(account, file)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    return file


def _write(account: AwsAccount, file: Path) -> None:
    moto = account.cloud.moto
    file.write_text(
        f"[default]\naws_access_key_id = {moto.access_key}\naws_secret_access_key = {moto.secret_key}\n"
    )


def test_credentials_that_end_in_minute_ten_and_are_renewed_let_the_run_go_on(
    aws_account: AwsAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _as_files(aws_account, tmp_path, monkeypatch)
    aws_account.clients.clear()

    def renew() -> None:
        aws_account.cloud.moto.expire()
        _write(aws_account, file)

    clock = Weather(aws_account, {600: renew})
    steps = steps_of(aws_account)
    up(steps, clock=clock)
    assert clock.coming == []
    run_down(aws_account, steps)
    aws_account.clients.clear()
    assert inventory(aws_account, "demo") == NOTHING
    aws_account.clients.clear()


def test_credentials_that_end_and_are_not_renewed(aws_account: AwsAccount) -> None:
    provider = connect(aws_account.target())
    provider.identity()
    aws_account.cloud.moto.expire()
    with pytest.raises(CredentialsError, match="the AWS credentials have expired") as caught:
        provider.clusters.list()
    assert "aws sso login" in (caught.value.fix or "")
    aws_account.clients.clear()


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (AT_QUOTA, "quota for VPCs in eu-west-1 is used up: 1 of 1"),
        (CLUSTERS_AT_QUOTA, "quota for EKS clusters in eu-west-1 is used up: 0 of 0"),
    ],
)
def test_a_used_up_quota_is_named_before_anything_is_made(
    aws_account: AwsAccount, seed: Any, said: str
) -> None:
    aws_account.plant(seed)
    with pytest.raises(PreconditionError, match=said) as caught:
        run_up(aws_account, steps_of(aws_account))
    assert "aws service-quotas request-service-quota-increase" in (caught.value.fix or "")
    assert aws_account.writes() == []


def test_a_quota_that_nobody_may_ask_for_is_left_to_ec2(aws_account: AwsAccount) -> None:
    aws_account.plant(AT_QUOTA)
    aws_account.cloud.denied.add("servicequotas:GetServiceQuota")
    with pytest.raises(PreconditionError, match="quota for VPCs is used up") as caught:
        run_up(aws_account, steps_of(aws_account))
    assert caught.value.code == "VpcLimitExceeded"
