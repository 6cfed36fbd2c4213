"""Letting a cluster pull from the target's repository, also one that others made."""

from __future__ import annotations

from typing import Any

import pytest

from clouddeploy import clusters
from clouddeploy.contract import Check, ClusterSpec, Step
from clouddeploy.errors import CredentialsError, ForeignResourceError
from clouddeploy_gcp import connect
from clouddeploy_gcp.records import cluster_of
from moto_fixtures.gcp import LABEL, REGION, GcpAccount, Seed
from tests.providers.gcp.life import make

THEIRS = Seed(clusters={"demo": {"team": "other"}}, repositories={"demo": {LABEL: "demo"}})
NODES = "serviceAccount:123456789012-compute@developer.gserviceaccount.com"
READER = "roles/artifactregistry.reader"
BY_HAND = (
    "gcloud artifacts repositories add-iam-policy-binding demo --project {project} "
    f"--location {REGION} --member {NODES} --role {READER}"
)


def step(account: GcpAccount, **settings: Any) -> Step:
    """What lets the cluster `demo`, which others made, pull from the target's repository."""
    let_pull = connect(account.target(existing=True, **settings)).let_pull
    assert let_pull
    return let_pull("demo")


def row(account: GcpAccount) -> Check:
    """What doctor says about it."""
    doctor = connect(account.target(existing=True)).doctor
    assert doctor
    return next(one for one in (ask() for ask in doctor.checks()) if one.title == "pulls")


def bindings(account: GcpAccount) -> Any:
    return account.cloud.artifacts.repo(REGION, "demo").policy.bindings


def test_doctor_fails_for_a_cluster_of_others_unless_it_is_called_existing(gcp_account: GcpAccount) -> None:
    gcp_account.plant(THEIRS)
    for existing, ok in ((False, False), (True, True)):
        doctor = connect(gcp_account.target(existing=existing)).doctor
        assert doctor
        (found,) = (one for one in (ask() for ask in doctor.checks()) if one.title == "cluster")
        assert found.ok is ok
        assert ok or "write cluster: {existing: demo}" in str(found.fix)


def test_the_nodes_become_readers_beside_those_that_there_are(gcp_account: GcpAccount) -> None:
    gcp_account.plant(THEIRS)
    bob = {"role": READER, "members": ["user:bob@example.com"]}
    gcp_account.cloud.artifacts.repo(REGION, "demo").policy.bindings = [bob]
    found = row(gcp_account)
    assert found.ok is None
    assert found.fix
    assert BY_HAND.format(project=gcp_account.cloud.project) in found.fix

    clusters.up([step(gcp_account)], clock=gcp_account.clock)
    assert bindings(gcp_account) == [{"role": READER, "members": ["user:bob@example.com", NODES]}]
    assert gcp_account.writes() == [f"POST {REGION}/repositories/demo:setIamPolicy"]
    assert row(gcp_account).ok

    (again,) = clusters.up([step(gcp_account)], clock=gcp_account.clock)
    assert again.action is clusters.Action.KEEP
    assert len(gcp_account.writes()) == 1


def test_who_may_not_is_told_the_command_for_somebody_who_may(gcp_account: GcpAccount) -> None:
    gcp_account.plant(THEIRS)
    gcp_account.cloud.denied.add("artifactregistry.repositories.setIamPolicy")
    with pytest.raises(CredentialsError) as caught:
        clusters.up([step(gcp_account)], clock=gcp_account.clock)
    assert BY_HAND.format(project=gcp_account.cloud.project) in str(caught.value.fix)


def test_a_repository_of_others_keeps_its_readers_unless_the_target_names_it(gcp_account: GcpAccount) -> None:
    gcp_account.plant(Seed(clusters={"demo": {}}, repositories={"demo": {"team": "other"}}))
    with pytest.raises(ForeignResourceError, match="not ours") as caught:
        clusters.up([step(gcp_account)], clock=gcp_account.clock)
    assert "registry: {repository: demo}" in str(caught.value.fix)
    assert not bindings(gcp_account)

    clusters.up([step(gcp_account, registry={"repository": "demo"})], clock=gcp_account.clock)
    assert bindings(gcp_account) == [{"role": READER, "members": [NODES]}]


def test_before_the_first_push_there_is_no_repository_and_a_dry_run_says_so(gcp_account: GcpAccount) -> None:
    gcp_account.plant(Seed(clusters={"demo": {}}))
    (planned,) = clusters.plan_up([step(gcp_account)])
    assert planned.action is clusters.Action.CREATE
    assert planned.title == "the nodes of demo as readers of the repository demo"


def test_our_own_cluster_has_nothing_to_be_done(gcp_account: GcpAccount) -> None:
    make(gcp_account, ClusterSpec("demo", nodes=1))
    (planned,) = clusters.plan_up([step(gcp_account)])
    assert planned.action is clusters.Action.KEEP


@pytest.mark.parametrize(
    ("cluster", "accounts"),
    [
        ({"nodePools": [{"config": {"serviceAccount": "a@b"}}, {"config": {}}]}, ["a@b", "default"]),
        ({"nodePools": [{"config": {"serviceAccount": "a@b"}}]}, ["a@b"]),
        ({"autopilot": {"enabled": True}}, ["default"]),
        (
            {
                "nodePools": [{"config": {"serviceAccount": "a@b"}}],
                "autoscaling": {
                    "enableNodeAutoprovisioning": True,
                    "autoprovisioningNodePoolDefaults": {"serviceAccount": "c@d"},
                },
            },
            ["a@b", "c@d"],
        ),
        ({}, ["default"]),
    ],
    ids=["two pools", "one", "Autopilot", "auto-provisioning", "no nodes yet"],
)
def test_all_accounts_count_that_nodes_have_or_may_get(cluster: dict[str, Any], accounts: list[str]) -> None:
    assert list(cluster_of(cluster).accounts) == accounts
