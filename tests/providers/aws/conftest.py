from __future__ import annotations

from dataclasses import dataclass

import pytest

from moto_fixtures.aws import AwsAccount, aws_account, aws_cloud

__all__ = ["aws_account", "aws_cloud"]


@dataclass(frozen=True)
class _Time:
    """The module `time` as botocore uses it between two attempts."""

    account: AwsAccount

    def sleep(self, seconds: float) -> None:
        self.account.cloud.clock.advance(seconds)

    def time(self) -> float:
        return self.account.cloud.clock.now()


@pytest.fixture
def sdk_waits_in_emulated_time(aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore's own pauses before a retry take no real time."""
    monkeypatch.setattr("botocore.endpoint.time", _Time(aws_account))
