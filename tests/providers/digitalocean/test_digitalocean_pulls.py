"""Letting a cluster pull from the target's registry, also one that others made."""

from __future__ import annotations

import pytest

from clouddeploy import clusters
from clouddeploy.contract import Check, Step
from clouddeploy.errors import CredentialsError
from clouddeploy_digitalocean import connect
from moto_fixtures.digitalocean import DigitalOceanAccount, Seed

THEIRS = Seed(clusters={"demo": ["team:other"]}, registries=("acme", "theirs"), tier="professional")


def step(account: DigitalOceanAccount) -> Step:
    """What lets the cluster `demo`, which others made, pull from `acme`."""
    let_pull = connect(account.target(existing=True)).let_pull
    assert let_pull
    return let_pull("demo")


def row(account: DigitalOceanAccount) -> Check:
    """What doctor says about it."""
    doctor = connect(account.target(existing=True)).doctor
    assert doctor
    return next(one for one in (ask() for ask in doctor.checks()) if one.title == "pulls")


def test_a_registry_is_added_to_those_of_somebodys_cluster_and_nothing_else(
    do_account: DigitalOceanAccount,
) -> None:
    do_account.plant(THEIRS)
    (cluster,) = do_account.cloud.kubernetes.clusters.values()
    cluster.registries = ["theirs"]
    found = row(do_account)
    assert (found.ok, found.detail) == (None, "demo may not pull from acme yet")
    assert found.fix
    assert f"doctl kubernetes cluster registry add {cluster.id}" in found.fix

    clusters.up([step(do_account)], clock=do_account.clock)
    assert (cluster.registries, cluster.tags) == (["theirs", "acme"], ["team:other"])
    assert do_account.writes() == ["kubernetes.add_registries"]
    assert row(do_account).ok

    (again,) = clusters.up([step(do_account)], clock=do_account.clock)
    assert again.action is clusters.Action.KEEP
    assert do_account.writes() == ["kubernetes.add_registries"]


def test_who_may_not_is_told_the_command_for_somebody_who_may(do_account: DigitalOceanAccount) -> None:
    do_account.plant(THEIRS)
    (cluster,) = do_account.cloud.kubernetes.clusters.values()
    do_account.cloud.account.scopes -= {"kubernetes:update"}
    with pytest.raises(CredentialsError, match="pull from the registry acme") as caught:
        clusters.up([step(do_account)], clock=do_account.clock)
    assert str(caught.value.fix).startswith(f"doctl kubernetes cluster registry add {cluster.id}")


def test_our_own_cluster_has_nothing_to_be_done(do_account: DigitalOceanAccount) -> None:
    provider = connect(do_account.target())
    assert provider.provisioner
    assert provider.let_pull
    clusters.up(provider.provisioner.steps(do_account.target().cluster), clock=do_account.clock)
    (planned,) = clusters.plan_up([provider.let_pull("demo")])
    assert planned.action is clusters.Action.KEEP
