"""The doctor: what is missing is found, with what to do; nothing raises, nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import Check, ClusterSpec
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_gcp import connect
from clouddeploy_gcp.emulator.records import Failure
from clouddeploy_gcp.policy import EVERYTHING
from clouddeploy_gcp.steps.naming import LABEL
from moto_fixtures.gcp import AT_QUOTA, CHECKED, EXISTING, LEFTOVERS, NO_APIS, GcpAccount, Seed
from tests.providers.gcp.asker import Asker
from tests.providers.gcp.life import make

THREE = ClusterSpec("demo", nodes=3)


def answers(account: GcpAccount, spec: ClusterSpec = THREE, **settings: Any) -> dict[str, Check]:
    doctor = connect(account.target(spec=spec, **settings)).doctor
    assert doctor
    return {check.title: check for check in (ask() for ask in doctor.checks())}


def test_an_empty_project_is_ready(gcp_account: GcpAccount) -> None:
    gcp_account.plant(CHECKED)
    found = answers(gcp_account)
    assert {check.ok for check in found.values()} == {True}
    assert found["permissions"].detail == f"all {len(EVERYTHING)}"
    assert found["credentials"].detail.startswith(
        "clouddeploy@acme-shop.iam.gserviceaccount.com in project acme-shop"
    )
    assert found["quota"].detail == "enough for 3 x e2-standard-2 in europe-west3"
    assert found["price"].detail == (
        "no cluster, nothing billed for one; as asked for it costs about 291.02 USD a month "
        "(list prices of 2026-10-01)"
    )
    assert gcp_account.writes() == []


def test_a_cluster_that_is_there_is_shown(gcp_account: GcpAccount) -> None:
    gcp_account.plant(EXISTING)
    found = answers(gcp_account)
    assert found["cluster"].detail == "demo RUNNING, 1.33.5-gke.1308000, europe-west3-a"
    assert found["price"].detail.startswith("about ")
    assert found["registry"].detail.endswith("/acme-shop/demo")


def _off(account: GcpAccount) -> None:
    account.plant(NO_APIS)


def _small(account: GcpAccount) -> None:
    account.plant(AT_QUOTA)


def _left(account: GcpAccount) -> None:
    account.plant(LEFTOVERS)


def _failed(account: GcpAccount) -> None:
    account.cloud.gke.failures.append(Failure("out of e2"))
    with pytest.raises(Exception, match="out of e2"):
        make(account, THREE)


def _unable(account: GcpAccount) -> None:
    account.plant(EXISTING)
    record = account.cloud.gke.record("europe-west3-a", "demo")
    record.message.conditions.add(message="nodes' service account lacks permissions")


def _refused(account: GcpAccount) -> None:
    account.plant(CHECKED)
    account.cloud.denied.update(("container.clusters.create", "compute.disks.list"))


@pytest.mark.parametrize(
    ("prepare", "title", "detail", "fix"),
    [
        (_off, "APIs", "container.googleapis.com not enabled", "gcloud services enable artifactregistry"),
        (_small, "quota", "CPUS: needs 6, 4 left of 4", "iam-admin/quotas"),
        (
            _left,
            "leftovers",
            "4: load balancer a1b2, load balancer k8s2-fr-k9m2x7q4-default-shop-1a2b3c4d",
            "cluster leftovers",
        ),
        (_failed, "cluster", "demo is ERROR: out of e2", "clouddeploy cluster delete"),
        (_unable, "cluster", "lacks permissions", "docs/gcp.md"),
        (_refused, "permissions", "2 missing: compute.disks.list, container.clusters.create", "--policy"),
    ],
)
def test_what_is_wrong_is_found_with_what_to_do(
    gcp_account: GcpAccount, prepare: Callable[[GcpAccount], None], title: str, detail: str, fix: str
) -> None:
    prepare(gcp_account)
    check = answers(gcp_account)[title]
    assert check.ok is False
    assert detail in check.detail
    assert fix in str(check.fix)


def test_images_alone_are_no_failure(gcp_account: GcpAccount) -> None:
    gcp_account.plant(Seed(repositories={"demo": {LABEL: "demo"}}))
    registry = connect(gcp_account.target(spec=THREE)).registry
    address = registry.address("shop/web")
    with RegistryClient(gcp_account.cloud.host, registry.login) as client:
        push_image(TinyImage(), address, ["v1"], client)
    check = answers(gcp_account)["leftovers"]
    assert (check.ok, check.detail.startswith("1: images ")) == (None, True)
    assert "cluster leftovers" in str(check.fix)
    gcp_account.plant(LEFTOVERS)
    assert answers(gcp_account)["leftovers"].ok is False


def test_a_wrong_size_or_region_is_found(gcp_account: GcpAccount) -> None:
    check = answers(gcp_account, ClusterSpec("demo", nodes=1, machine="e2-huge"))["quota"]
    assert (check.ok, "use e2-" in str(check.fix)) == (False, True)
    check = answers(gcp_account, region="mars")["quota"]
    assert (check.ok, check.detail) == (False, "Google Cloud has no region mars")


def test_a_clock_that_is_off_is_found(gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor = connect(gcp_account.target()).doctor
    assert doctor
    monkeypatch.setattr("clouddeploy_gcp.sdk.Sdk.skew", lambda _: -400.0)
    (check,) = [found for found in (ask() for ask in doctor.checks()) if found.title == "clock"]
    assert (check.ok, check.detail, check.fix) == (
        False,
        "400 s behind",
        "set this machine's clock, with NTP",
    )


def test_what_may_not_be_asked_is_left_open(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.denied.add("serviceusage.services.get")
    check = answers(gcp_account)["APIs"]
    assert check.ok is None
    assert "serviceUsageViewer" in str(check.fix)


def test_without_the_api_that_knows_permissions_they_are_left_open(gcp_account: GcpAccount) -> None:
    found = answers(gcp_account)
    assert found.pop("permissions") == Check(
        "permissions",
        None,
        "cloudresourcemanager.googleapis.com is not enabled",
        "to have them checked: "
        "gcloud services enable cloudresourcemanager.googleapis.com --project acme-shop",
    )
    assert {check.ok for check in found.values()} == {True}


@pytest.mark.parametrize("permission", ["container.clusters.creat", "container.*", "containers", ""])
def test_what_is_no_permission_cannot_be_asked_for(
    ask: Asker, gcp_account: GcpAccount, permission: str
) -> None:
    gcp_account.plant(CHECKED)
    path = "/v1/projects/acme-shop:testIamPermissions"
    text = f"Permission {permission} is not valid."
    assert ask.refused("POST", path, {"permissions": ["container.clusters.get", permission]}) == text
    wanted = {"permissions": ["container.clusters.get", "storage.buckets.list"]}
    assert ask("POST", path, wanted) == {"permissions": ["container.clusters.get"]}


def test_a_cloud_that_does_not_answer_is_no_failure_of_ours(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.faults.fail(
        503, 100, match=lambda request: request.path.startswith(("/v1", "/compute"))
    )
    found = answers(gcp_account)
    assert {found[title].ok for title in ("APIs", "permissions", "registry", "cluster", "quota")} == {None}


def test_the_policy_is_a_role_that_iam_takes(gcp_account: GcpAccount) -> None:
    doctor = connect(gcp_account.target()).doctor
    assert doctor
    role = yaml.safe_load(doctor.policy())
    assert role["includedPermissions"] == sorted(EVERYTHING)
    told = doctor.start()
    assert "https://" in told
    assert f"clouddeploy doctor --policy --to {gcp_account.target().name}`" in told
    assert "TARGET" not in told


def test_the_policy_has_what_is_used_and_nothing_else(gcp_account: GcpAccount) -> None:
    """The emulator's own table says what each call needs."""
    from clouddeploy_gcp.emulator.routes import ROUTES

    known = {route.permission for _, _, route in ROUTES}
    data_plane = {
        "artifactregistry.repositories.downloadArtifacts",
        "artifactregistry.repositories.uploadArtifacts",
    }
    assert set(EVERYTHING) - known == data_plane


def test_the_questions_may_be_asked_at_once(gcp_account: GcpAccount) -> None:
    gcp_account.plant(CHECKED)
    doctor = connect(gcp_account.target(spec=THREE)).doctor
    assert doctor
    checks = doctor.checks()
    with ThreadPoolExecutor(len(checks)) as pool:
        assert {check.ok for check in pool.map(lambda ask: ask(), checks)} == {True}
