"""One line for each thing that may be missing; none raises, and each that fails says what to do."""

from __future__ import annotations

import importlib.metadata
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from clouddeploy.contract import Check, Doctor
from clouddeploy_digitalocean import connect
from clouddeploy_digitalocean.scopes import SCOPES
from moto_fixtures.digitalocean import AT_ITS_QUOTA, EXISTING, WITH_SERVICES, DigitalOceanAccount, Seed


def doctor(account: DigitalOceanAccount, **settings: Any) -> Doctor:
    found = connect(account.target(**settings)).doctor
    assert found
    return found


def diagnosis(account: DigitalOceanAccount, **settings: Any) -> dict[str, Check]:
    checks = [check() for check in doctor(account, **settings).checks()]
    for one in checks:
        assert one.detail
        assert one.ok or one.fix, one
        assert "\n" not in f"{one.detail}{one.fix}"
        assert account.cloud.token not in f"{one}"
    return {one.title: one for one in checks}


def whole(account: DigitalOceanAccount) -> None:
    """A cluster of ours that lacks nothing."""
    account.plant(EXISTING)
    for one in account.cloud.kubernetes.clusters.values():
        one.registries.append("acme")


def test_all_is_well(do_account: DigitalOceanAccount) -> None:
    whole(do_account)
    found = diagnosis(do_account)
    assert [*found] == [
        "SDK", "credentials", "permissions", "account", "registry",
        "cluster", "pulls", "quota", "clock", "price",
    ]  # fmt: skip
    assert {one.ok for one in found.values()} == {True}
    assert found["credentials"].detail.endswith("from DIGITALOCEAN_TOKEN")
    assert found["registry"].detail == "acme, plan Basic, 0 of 5 repositories"
    assert "demo running" in found["cluster"].detail
    assert found["price"].detail == "what exists costs about $53.00 a month"
    assert do_account.writes() == []


def test_a_cluster_of_others_is_a_failure_unless_it_is_called_existing(
    do_account: DigitalOceanAccount,
) -> None:
    do_account.plant(Seed(clusters={"demo": ["team:other"]}, registries=("acme",)))
    found = diagnosis(do_account)
    assert (found["cluster"].ok, found["pulls"].detail) == (False, "demo is not ours")
    assert "write cluster: {existing: demo}" in str(found["cluster"].fix)
    assert diagnosis(do_account, existing=True)["cluster"].ok


def test_two_clusters_of_one_name_are_neither_chosen_from_nor_priced(do_account: DigitalOceanAccount) -> None:
    for _ in range(2):
        do_account.plant(Seed(clusters={"demo": ["team:other"]}))
    do_account.cloud.docr.plant(["acme"], "basic")
    found = diagnosis(do_account, existing=True)
    for title in ("cluster", "pulls", "quota", "price"):
        assert found[title].ok is False
        assert "2 DOKS clusters have the name demo" in found[title].detail
        assert str(found[title].fix).startswith("rename one: doctl kubernetes cluster update ")
    assert "choose another cluster: {name: …}" in str(diagnosis(do_account)["cluster"].fix)


def test_what_is_not_there_yet_is_no_failure(do_account: DigitalOceanAccount) -> None:
    found = diagnosis(do_account)
    assert (found["registry"].ok, found["cluster"].ok) == (None, None)
    assert found["cluster"].fix == "clouddeploy cluster create --to prod"
    assert found["price"].detail == "what exists costs about $0.00 a month"


def test_a_registry_that_could_not_be_made(do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(registries=("other",)))
    found = diagnosis(do_account)["registry"]
    assert (found.ok, "the plan Basic holds 1 registry" in found.detail) == (False, True)
    assert "registry: {name: other}" in str(found.fix)


def test_the_price_is_that_of_the_size_and_says_what_it_does_not_know(
    do_account: DigitalOceanAccount,
) -> None:
    whole(do_account)
    (cluster,) = do_account.cloud.kubernetes.clusters.values()
    (pool,) = cluster.pools
    pool.size = "gpu-4000adax1-20gb"  # not in the price list that `cluster create` shows
    assert diagnosis(do_account)["price"].detail == "what exists costs about $1139.00 a month"
    pool.size = "s-retired"
    assert diagnosis(do_account)["price"].detail == (
        "what exists costs about $5.00 a month without the nodes of size s-retired, whose price is not known"
    )


def test_images_beyond_what_the_plan_includes_are_part_of_the_price(do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(registries=("acme",), tier="basic"))
    do_account.cloud.docr.ballast["acme"] = 15 * 1024**3
    assert diagnosis(do_account)["price"].detail == "what exists costs about $5.20 a month"


def test_leftovers_are_part_of_the_price(do_account: DigitalOceanAccount) -> None:
    do_account.plant(WITH_SERVICES)
    assert diagnosis(do_account)["price"].detail == "what exists costs about $61.00 a month"


@pytest.mark.parametrize("value", ["", "dop_v1_wrong"])
def test_without_credentials_every_question_has_an_answer(
    value: str, do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", value)
    monkeypatch.delenv("DIGITALOCEAN_ACCESS_TOKEN")
    found = diagnosis(do_account)
    assert found["SDK"].ok
    assert found["credentials"].ok is False
    assert "DIGITALOCEAN_TOKEN" in str(found["credentials"].fix)


@pytest.mark.parametrize("scope", ["registry:read", "kubernetes:read", "vpc:read", "load_balancer:read"])
def test_a_missing_scope_is_named(scope: str, do_account: DigitalOceanAccount) -> None:
    do_account.cloud.account.scopes -= {scope}
    found = diagnosis(do_account)
    assert found["permissions"].ok is False
    assert scope in str(found["permissions"].fix)


def test_a_locked_account(do_account: DigitalOceanAccount) -> None:
    do_account.cloud.account.status = "locked"
    do_account.cloud.account.status_message = "unpaid invoice"
    found = diagnosis(do_account)["account"]
    assert (found.ok, found.detail) == (False, "locked: unpaid invoice")
    assert "billing" in str(found.fix)


def test_no_room_for_the_cluster(do_account: DigitalOceanAccount) -> None:
    do_account.plant(AT_ITS_QUOTA)
    found = diagnosis(do_account)["quota"]
    assert (found.ok, found.detail) == (False, "2 nodes in clusters, Droplet limit 3")


def test_a_failed_cluster(do_account: DigitalOceanAccount) -> None:
    do_account.cloud.kubernetes.failing = "no capacity"
    do_account.plant(EXISTING)
    assert "error: no capacity" in diagnosis(do_account)["cluster"].detail


@pytest.mark.parametrize(("minutes", "ok"), [(4, True), (6, False), (-6, False)])
def test_a_wrong_clock(minutes: int, ok: bool, do_account: DigitalOceanAccount) -> None:
    do_account.cloud.date = lambda: format_datetime(
        datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True
    )
    assert diagnosis(do_account)["clock"].ok is ok


def test_all_may_be_asked_at_once(do_account: DigitalOceanAccount) -> None:
    whole(do_account)
    with ThreadPoolExecutor(9) as pool:
        found = list(pool.map(lambda check: check(), doctor(do_account).checks()))
    assert {one.ok for one in found} == {True}


def test_without_the_sdk(do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    monkeypatch.setitem(sys.modules, "pydo", None)
    found = diagnosis(do_account)
    assert {one.ok for one in found.values()} == {False}
    assert {one.fix for one in found.values()} == {"pip install 'clouddeploy[digitalocean]'"}


def test_no_network(do_account: DigitalOceanAccount) -> None:
    do_account.cloud.faults.drop(times=99)
    found = diagnosis(do_account)
    assert {one.ok for title, one in found.items() if title != "SDK"} == {False}


def test_the_policy_lists_every_scope(do_account: DigitalOceanAccount) -> None:
    told = doctor(do_account).policy()
    for scope in {scope for scopes in SCOPES.values() for scope in scopes}:
        assert scope in told


def test_a_way_from_nothing_to_a_token(do_account: DigitalOceanAccount) -> None:
    told = doctor(do_account).start()
    assert "registrations/new" in told
    assert "DIGITALOCEAN_TOKEN" in told
    assert "the scopes that `clouddeploy doctor --policy --to prod` prints" in told


@pytest.mark.parametrize(
    ("region", "detail", "fix"),
    [("mars1", "DOKS is not offered in the region mars1", "fra1"), ("", "no DigitalOcean region", "region:")],
)
def test_a_region_that_no_cluster_can_be_made_in(
    region: str, detail: str, fix: str, do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIGITALOCEAN_REGION", raising=False)
    found = diagnosis(do_account, region=region)["cluster"]
    assert (found.ok, detail in found.detail, fix in str(found.fix)) == (False, True, True)


def test_without_a_region_a_cluster_that_is_there_is_found(
    do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIGITALOCEAN_REGION", raising=False)
    do_account.plant(EXISTING)
    assert diagnosis(do_account, region="")["cluster"].ok
