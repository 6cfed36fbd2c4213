"""Regions and zones that there are not: what Google answers, and what a person is told."""

from __future__ import annotations

import pytest

from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import CloudDeployError, ConfigError, CredentialsError
from clouddeploy_gcp import connect
from clouddeploy_gcp.clusters import find
from clouddeploy_gcp.compute import Compute
from moto_fixtures.gcp import LABEL, NO_APIS, PROJECT, REGION, GcpAccount
from tests.providers.gcp.asker import PLACES, Asker
from tests.providers.gcp.life import ensure, make

COMPUTE = f"/compute/v1/projects/{PROJECT}"
SMALL = ClusterSpec("demo", nodes=1)


@pytest.mark.parametrize("spec", [SMALL, ClusterSpec("demo")], ids=["standard", "autopilot"])
@pytest.mark.parametrize("apis_are_on", [True, False])
def test_a_region_with_a_slip_is_told_with_the_right_one(
    gcp_account: GcpAccount, spec: ClusterSpec, apis_are_on: bool
) -> None:
    if not apis_are_on:
        gcp_account.plant(NO_APIS)
    with pytest.raises(ConfigError, match="no region europe-west33") as caught:
        make(gcp_account, spec, region="europe-west33")
    assert str(caught.value.fix).startswith("use europe-west3")
    assert gcp_account.cloud.ledger() == []


def test_a_repositorys_place_is_told_from_the_clusters(gcp_account: GcpAccount) -> None:
    with pytest.raises(ConfigError, match="locations/europe-west33") as caught:
        make(gcp_account, SMALL, registry={"location": "europe-west33"})
    assert "check the region" in str(caught.value.fix)
    with pytest.raises(ConfigError, match="locations/europe-west33"):
        ensure(gcp_account, registry={"location": "europe-west33"})


def test_a_region_that_is_there_is_not_called_unknown(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.faults.fail(
        400, 1, match=lambda request: f"regions/{REGION}" in request.path, body='{"error": {"code": 400}}'
    )
    with pytest.raises(CloudDeployError, match=f"could not ask about the region {REGION}"):
        Compute(gcp_account.session()).region()


def test_a_permission_that_compute_engine_misses_is_named(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.denied.add("compute.regions.get")
    with pytest.raises(CredentialsError) as caught:
        Compute(gcp_account.session()).region()
    assert "allow compute.regions.get" in str(caught.value.fix)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("regions/mars", "Invalid value for field 'region': 'mars'. Unknown region."),
        ("zones/mars-a/machineTypes", "Invalid value for field 'zone': 'mars-a'. Unknown zone."),
    ],
)
def test_compute_engine_calls_a_place_it_has_not_unknown(ask: Asker, place: str, message: str) -> None:
    error = ask("GET", f"{COMPUTE}/{place}", status=400)["error"]
    assert error == {
        "code": 400,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": "invalid"}],
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "mars/serverConfig"),
        ("GET", "europe-west-1b/clusters"),
        ("POST", "europe-west-1b/clusters"),
        ("POST", "-/clusters"),
        ("GET", "-/serverConfig"),
        ("GET", "mars/repositories/shop"),
        ("POST", "europe-west3-a/repositories?repositoryId=shop"),
    ],
)
def test_the_others_call_it_forbidden(ask: Asker, method: str, path: str) -> None:
    error = ask(method, f"{PLACES}/{path}", {} if method == "POST" else None, 403)["error"]
    place = path.partition("/")[0]
    assert error["message"] == f"Permission denied on 'locations/{place}' (or it may not exist)."
    assert error["details"][0]["reason"] == "LOCATION_POLICY_VIOLATED"


@pytest.fixture
def several(ask: Asker) -> None:
    """Two clusters of one name that others made."""
    for zone in ("a", "b"):
        ask.create(place=f"{REGION}-{zone}")


def test_of_several_clusters_of_one_name_none_is_taken_by_chance(
    gcp_account: GcpAccount, several: None
) -> None:
    clusters = connect(gcp_account.target(existing=True)).clusters
    with pytest.raises(ConfigError) as caught:
        clusters.access("demo")
    assert f"there are 2 GKE clusters demo in {REGION}: in {REGION}-a, {REGION}-b" in caught.value.message
    assert caught.value.fix == f"say in target prod which: region: {REGION}-a or region: {REGION}-b"
    assert [one.name for one in clusters.list()] == ["demo", "demo"]
    provisioner = connect(gcp_account.target(existing=True)).provisioner
    assert provisioner
    assert provisioner.leftovers("demo") == []


@pytest.mark.parametrize("place", [f"{REGION}-a", f"{REGION}-b", REGION])
def test_the_target_says_which_of_several_is_meant(
    gcp_account: GcpAccount, ask: Asker, several: None, place: str
) -> None:
    ask.create(place=REGION)
    found = find(gcp_account.session(existing=True, region=place), "demo")
    assert found
    assert found.location == place


def test_ours_is_found_beside_a_foreign_one_of_its_name(
    gcp_account: GcpAccount, ask: Asker, several: None
) -> None:
    ask.create(place=f"{REGION}-c", resourceLabels={LABEL: "demo"})
    found = find(gcp_account.session(), "demo")
    assert found
    assert found.location == f"{REGION}-c"
