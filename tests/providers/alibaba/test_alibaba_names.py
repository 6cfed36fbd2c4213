"""ACK takes several clusters of one name: which one is meant."""

from __future__ import annotations

import pytest

from clouddeploy.contract import ClientCertificate, Provider, Status
from clouddeploy.errors import ConfigError, ForeignResourceError, NotFoundError
from moto_fixtures.alibaba import EXISTING, FOREIGN_CLUSTER, LEFTOVERS, AlibabaAccount


@pytest.fixture
def ids(alibaba_account: AlibabaAccount) -> list[str]:
    """Two clusters that others made, both called demo."""
    for _ in range(2):
        alibaba_account.plant(FOREIGN_CLUSTER)
    return [one.id for one in alibaba_account.cloud.ack.clusters()]


def used(account: AlibabaAccount, name: str) -> Provider:
    return account.provider(name, existing=True)


def test_of_several_that_others_made_none_is_taken(ids: list[str], alibaba_account: AlibabaAccount) -> None:
    with pytest.raises(ConfigError, match="2 clusters are called demo: ") as caught:
        used(alibaba_account, "demo").clusters.access("demo")
    for one in ids:
        assert f"{one} in eu-central-1 (running)" in caught.value.message
    assert caught.value.fix == f"say which in the target prod: cluster: {{existing: {ids[0]}}}"


def test_a_pull_is_let_by_none_of_them_either(ids: list[str], alibaba_account: AlibabaAccount) -> None:
    let_pull = used(alibaba_account, "demo").let_pull
    assert let_pull
    for run in (let_pull("demo").state, let_pull("demo").create):
        with pytest.raises(ConfigError, match="2 clusters are called demo"):
            run()
    assert alibaba_account.writes() == []


def test_the_doctor_says_it_too(ids: list[str], alibaba_account: AlibabaAccount) -> None:
    doctor = used(alibaba_account, "demo").doctor
    assert doctor
    found = {one.title: one for one in (check() for check in doctor.checks())}
    assert found["cluster"].ok is False
    assert "2 clusters are called demo" in found["cluster"].detail
    assert found["cluster"].fix
    assert ids[0] in found["cluster"].fix


def test_what_is_left_is_listed_all_the_same(ids: list[str], alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(LEFTOVERS)
    provisioner = used(alibaba_account, "demo").provisioner
    assert provisioner
    assert {one.kind for one in provisioner.leftovers("demo")} == {"load balancer", "disk"}


def test_one_of_them_is_called_by_its_id(ids: list[str], alibaba_account: AlibabaAccount) -> None:
    for one in ids:
        provider = used(alibaba_account, one)
        assert isinstance(provider.clusters.access(one).credential(), ClientCertificate)
        assert provider.let_pull
        step = provider.let_pull(one)
        step.create()
        assert step.state().status is Status.PENDING
    assert [len(one.addons) for one in alibaba_account.cloud.ack.clusters()] == [1, 1]


def test_an_id_that_there_is_not(ids: list[str], alibaba_account: AlibabaAccount) -> None:
    with pytest.raises(NotFoundError, match=f"there is no ACK cluster {ids[0]}0"):
        used(alibaba_account, f"{ids[0]}0").clusters.access(f"{ids[0]}0")


def test_an_id_is_no_name_of_ours(alibaba_account: AlibabaAccount) -> None:
    """Only what others made is called by its id: what is ours is known by name and tag."""
    alibaba_account.plant(EXISTING)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    with pytest.raises(NotFoundError):
        alibaba_account.provider(cluster.id).clusters.access(cluster.id)


def test_which_one_is_not_asked_where_one_is_to_be_ours(
    ids: list[str], alibaba_account: AlibabaAccount
) -> None:
    provisioner = alibaba_account.provider().provisioner
    assert provisioner
    with pytest.raises(ForeignResourceError, match="is not ours"):
        provisioner.check(alibaba_account.target().cluster)
