"""Listing clusters and reaching them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clouddeploy.contract import Status, Token
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_digitalocean import connect, parse
from clouddeploy_digitalocean.clusters import state_of
from moto_fixtures.digitalocean import EXISTING, FOREIGN_CLUSTER, DigitalOceanAccount, Seed

_POOL = {"name": "workers", "size": "s-2vcpu-4gb", "count": 1}


def settled(account: DigitalOceanAccount, **body: Any) -> None:
    account.cloud.kubernetes.plant(
        {"name": "demo", "region": "fra1", "version": "1.36", "node_pools": [_POOL], **body}
    )
    account.cloud.kubernetes.join()
    account.cloud.clock.advance(1000)


def test_what_is_there_is_listed_with_its_owner(do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(clusters={"demo": ["clouddeploy:demo"], "other": ["clouddeploy:demo2"]}))
    demo, other = connect(do_account.target()).clusters.list()
    assert (demo.name, demo.owned, demo.version, demo.state.status) == (
        "demo", True, "1.35.4-do.0", Status.READY,
    )  # fmt: skip
    assert (other.name, other.owned) == ("other", False)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("running", Status.READY),
        ("degraded", Status.READY),
        ("upgrading", Status.READY),
        ("provisioning", Status.PENDING),
        ("deleting", Status.PENDING),
        ("error", Status.FAILED),
        ("something new", Status.PENDING),
    ],
)
def test_every_state_has_a_meaning(state: str, status: Status) -> None:
    cluster = parse.cluster({"status": {"state": state, "message": "why"}})
    assert state_of(cluster).status is status
    assert state_of(cluster).detail == f"{state}: why"


def test_a_field_that_is_missing_or_odd_is_empty() -> None:
    assert parse.image({"digest": "sha256:0", "updated_at": "soon"}).pushed is None
    assert parse.size({"slug": "s-1vcpu-2gb", "price_monthly": None}).monthly == 0
    assert parse.cluster({"tags": None, "node_pools": None}).nodes == 0


def test_the_row_of_a_deleted_cluster_is_no_cluster(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    for cluster in do_account.cloud.kubernetes.clusters.values():
        cluster.gone_at = do_account.cloud.clock.now() + 100
    provider = connect(do_account.target())
    assert provider.clusters.list() == []
    do_account.cloud.kubernetes.going = "deleting"
    (listed,) = provider.clusters.list()
    assert listed.state.status is Status.PENDING
    with pytest.raises(PreconditionError, match="demo is deleting"):
        provider.clusters.access("demo")


def test_a_token_is_short_and_new_each_time(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    access = connect(do_account.target()).clusters.access("demo")
    assert access.ca == do_account.kubernetes[0].ca
    one, other = access.credential(), access.credential()
    assert isinstance(one, Token)
    assert isinstance(other, Token)
    assert one.value != other.value
    assert one.expires
    assert timedelta(minutes=14) < one.expires - datetime.now(UTC) <= timedelta(minutes=15)
    authenticate = do_account.kubernetes[0].authenticate
    assert authenticate(one.value.reveal()) == ("do-admin", ("system:masters",))
    assert authenticate("dop_v1_made_up") is None
    (cluster,) = do_account.cloud.kubernetes.clusters.values()
    cluster.tokens[one.value.reveal()] = datetime.now(UTC)
    assert authenticate(one.value.reveal()) is None


def test_a_foreign_cluster_can_be_used(do_account: DigitalOceanAccount) -> None:
    do_account.plant(FOREIGN_CLUSTER)
    assert connect(do_account.target(existing=True)).clusters.access("demo").server


def test_of_two_with_one_name_ours_is_meant_else_the_target_s_region(
    do_account: DigitalOceanAccount,
) -> None:
    settled(do_account)
    settled(do_account, region="nyc1")
    clusters = connect(do_account.target(region=None)).clusters
    with pytest.raises(ConfigError, match="2 DOKS clusters have the name demo") as caught:
        clusters.access("demo")
    assert "set region:" in str(caught.value.fix)
    assert connect(do_account.target(region="nyc1")).clusters.access("demo")
    settled(do_account, region="ams3", tags=["clouddeploy:demo"])
    assert clusters.access("demo")


def test_what_is_not_there_names_what_is(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    with pytest.raises(NotFoundError, match="no DOKS cluster dem0") as caught:
        connect(do_account.target()).clusters.access("dem0")
    assert caught.value.fix == "clouddeploy cluster create --to prod; or name one of: demo"


def test_a_cluster_that_is_made_or_broken_is_not_reached(do_account: DigitalOceanAccount) -> None:
    body = {"name": "demo", "region": "fra1", "version": "1.36", "node_pools": [_POOL]}
    do_account.cloud.kubernetes.failing = "could not allocate nodes"
    do_account.cloud.kubernetes.plant(body)
    clusters = connect(do_account.target()).clusters
    with pytest.raises(TemporaryError, match="is being created"):
        clusters.access("demo")
    do_account.cloud.clock.advance(1000)
    with pytest.raises(PreconditionError, match="demo is error: could not allocate nodes") as caught:
        clusters.access("demo")
    assert "cluster delete" in str(caught.value.fix)


def test_an_authority_that_is_no_pem(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    clusters = connect(do_account.target()).clusters
    clusters.list()
    cloud = do_account.cloud
    cloud.faults.fail(
        200,
        match=lambda request: "credentials" in request.path,
        body='{"server": "https://x", "certificate_authority_data": "!", "token": "t"}',
    )
    with pytest.raises(CloudDeployError, match="is no PEM"):
        clusters.access("demo")
