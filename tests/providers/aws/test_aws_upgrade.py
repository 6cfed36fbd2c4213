"""Newer Kubernetes versions, one minor at a time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from clouddeploy.contract import Status, Step
from clouddeploy.errors import ConfigError, ForeignResourceError, NotFoundError
from moto_fixtures.aws import EXISTING, FOREIGN_CLUSTER, AwsAccount
from tests.providers.aws.life import provisioner_of, run_up, steps_of


def _upgrade(account: AwsAccount, version: str | None = None) -> Sequence[Step]:
    return provisioner_of(account).upgrade("demo", version)


def test_an_upgrade_goes_minor_by_minor(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account, version="1.34"))
    steps = _upgrade(aws_account, "1.36")
    assert [step.title for step in steps] == ["Kubernetes 1.35", "Kubernetes 1.36"]
    aws_account.cloud.calls.clear()
    run_up(aws_account, steps)
    assert aws_account.client("eks").describe_cluster(name="demo")["cluster"]["version"] == "1.36"
    assert aws_account.writes() == ["eks:UpdateClusterVersion"] * 2
    assert [step.state().status for step in steps] == [Status.READY, Status.READY]


def test_without_a_version_it_is_the_next(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account, version="1.35"))
    assert [step.title for step in _upgrade(aws_account)] == ["Kubernetes 1.36"]


def test_a_cluster_in_extended_support_is_brought_out_of_it(aws_account: AwsAccount) -> None:
    """The version on the way has no standard support either, and there is no other way."""
    aws_account.plant(EXISTING)
    aws_account.cloud.eks.record("demo").version = "1.32"
    run_up(aws_account, _upgrade(aws_account, "1.34"))
    assert aws_account.writes() == ["eks:UpdateClusterVersion"] * 2


def test_the_newest_version_needs_no_upgrade(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    assert _upgrade(aws_account) == []


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.99", r"EKS offers no Kubernetes 1\.99; the nearest is 1\.3"),
        ("1.33", r"runs 1\.36, and a version cannot go back to 1\.33"),
    ],
)
def test_a_version_that_no_upgrade_leads_to(aws_account: AwsAccount, version: str, said: str) -> None:
    run_up(aws_account, steps_of(aws_account))
    with pytest.raises(ConfigError, match=said) as caught:
        _upgrade(aws_account, version)
    assert caught.value.fix


def test_only_our_own_clusters_are_upgraded(aws_account: AwsAccount) -> None:
    with pytest.raises(NotFoundError, match="there is no EKS cluster demo in eu-west-1"):
        _upgrade(aws_account)
    aws_account.plant(FOREIGN_CLUSTER)
    with pytest.raises(ForeignResourceError):
        _upgrade(aws_account)
