"""Refreshing: the vendors' lists become prices of this user; what is missing or broken changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from clouddeploy.prices import cache
from clouddeploy.prices.catalog import Catalog, Machine
from clouddeploy.prices.compare import compare
from clouddeploy.prices.refresh import SOURCES, Refreshed, refresh
from tests.prices.reference import APP, CATALOG, WISHES, offers
from tests.prices.vendors import Vendors, aws_list, running

TIERS = (
    '{"options": {"subscription_tiers": [{"slug": "basic", "included_storage_bytes": 1, '
    '"monthly_price_in_cents": %s}]}}'
)
TODAY = date(2026, 11, 24)


@pytest.fixture
def vendors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendors]:
    with running() as found:
        for name, value in {**found.environment(), "CLOUDDEPLOY_CACHE": str(tmp_path)}.items():
            monkeypatch.setenv(name, value)
        yield found


def refreshed(*clouds: str) -> dict[str, Refreshed]:
    return {one.cloud: one for one in refresh(clouds or list(SOURCES), TODAY)}


def machine(catalog: Catalog, cloud: str, region: str, name: str) -> Machine:
    return next(one for one in catalog.machines(cloud, region) if one.name == name)


def test_every_cloud_is_read_with_date_and_source(vendors: Vendors) -> None:
    done = refreshed()
    assert {name: one.error for name, one in done.items()} == dict.fromkeys(SOURCES)
    catalog, problems = cache.load()
    assert problems == ()
    t3 = machine(catalog, "aws", "us-east-1", "t3.medium")
    assert (t3.row.usd, t3.row.as_of, t3.max_pods) == (Decimal("0.05"), TODAY, 17)
    assert t3.row.source == f"{vendors.url}/offers/v1.0/aws/AmazonEC2/current/us-east-1/index.csv"
    assert machine(catalog, "gcp", "us-east1", "e2-standard-2").row.usd == Decimal(
        "0.064"
    )  # 2 x 0.02 + 8 x 0.003
    assert machine(catalog, "gcp", "us-east1", "e2-small").row.usd == Decimal("0.016")  # half a core, 2 GiB
    assert machine(catalog, "digitalocean", "fra1", "s-2vcpu-4gb").row.month_cap == 26
    assert machine(catalog, "alibaba", "us-east-1", "ecs.e-c1m2.xlarge").row.usd == Decimal("0.09")


@pytest.mark.parametrize(
    ("cloud", "sku", "region", "usd"),
    [
        ("aws", "eks.control_plane.standard", "us-east-1", "0.11"),
        ("aws", "eks.control_plane.extended_support_addon", "us-east-1", "0.51"),
        ("aws", "public_ipv4", "us-east-1", "0.0051"),
        ("aws", "ecr.private", "us-east-1", "0.101"),
        ("aws", "egress.internet.first10TB", "us-east-1", "0.091"),
        ("aws", "egress.internet.next40TB", "us-east-1", "0.0851"),
        ("aws", "egress.internet.next100TB", "us-east-1", "0.0711"),
        ("aws", "egress.internet.over150TB", "us-east-1", "0.0511"),
        ("aws", "nlb.hour", "us-east-1", "0.023"),
        ("aws", "nlb.nlcu", "us-east-1", "0.0061"),
        ("aws", "t3.medium.commit.1y", "us-east-1", "0.031"),
        ("aws", "t3.medium.commit.3y", "us-east-1", "0.019"),
        ("aws", "nat.hour", "us-east-1", "0.045"),
        ("gcp", "pd-balanced", "europe-west3", "0.125"),
        ("gcp", "hyperdisk-balanced", "us-east1", "0.081"),
        ("gcp", "external_ip.vm", "us-east1", "0.0051"),
        ("gcp", "gke.cluster_management", "us-east1", "0.11"),
        ("gcp", "gke.autopilot.vcpu", "us-east1", "0.0445"),
        ("gcp", "gke.autopilot.gib", "us-east1", "0.0049"),
        ("gcp", "artifact-registry", "us-east1", "0.102"),
        ("gcp", "e2-standard-2.commit.1y", "us-east1", "0.040"),  # 2 x 0.012 + 8 x 0.002
    ],
)
def test_the_rest_of_a_bill_is_read_too(
    vendors: Vendors, cloud: str, sku: str, region: str, usd: str
) -> None:
    refreshed(cloud)
    catalog, _ = cache.load()
    row = catalog.price(cloud, sku, region)
    assert (row.usd, row.as_of, row.confidence) == (Decimal(usd), TODAY, "refreshed")


def test_a_region_that_had_no_price_gets_one(vendors: Vendors) -> None:
    refreshed("alibaba")
    catalog, _ = cache.load()
    assert machine(catalog, "alibaba", "eu-central-1", "ecs.g8i.large").row.usd == Decimal("0.12")


def test_machines_that_the_bundle_does_not_know_are_added(vendors: Vendors) -> None:
    refreshed("aws")
    catalog, _ = cache.load()
    found = machine(catalog, "aws", "eu-central-1", "m8i.large")
    assert (found.cpus, found.memory_gib, found.cpu_class, found.row.usd) == (
        2,
        8,
        "dedicated",
        Decimal("0.2"),
    )
    assert machine(catalog, "aws", "us-east-1", "t4g.medium").arch == "arm64"
    assert catalog.price("aws", "ebs.gp3", "eu-central-1").usd == Decimal("0.09")


@pytest.mark.parametrize(("name", "pods"), [("m8i.large", 59), ("m4.large", 20), ("t3.medium", 17)])
def test_an_aws_machine_has_as_many_pods_as_its_addresses_allow(
    vendors: Vendors, name: str, pods: int
) -> None:
    refreshed("aws")
    catalog, _ = cache.load()
    assert machine(catalog, "aws", "us-east-1", name).max_pods == pods


def test_an_aws_machine_whose_number_of_pods_is_not_known_is_left_out(vendors: Vendors) -> None:
    refreshed("aws")
    catalog, _ = cache.load()
    names = {one.name for one in catalog.machines("aws", "us-east-1")}
    assert not names & {"m99z.large", "c7i.metal-24xl"}


def test_a_list_of_several_pages_is_read_to_its_end(vendors: Vendors) -> None:
    refreshed("digitalocean")
    catalog, _ = cache.load()
    assert machine(catalog, "digitalocean", "fra1", "s-8vcpu-32gb-new").row.usd == Decimal("0.25")


def test_a_size_that_cannot_be_had_or_has_a_gpu_is_left_out(vendors: Vendors) -> None:
    refreshed("digitalocean")
    catalog, _ = cache.load()
    names = {one.name for one in catalog.machines("digitalocean", "fra1")}
    assert not names & {"gpu-h100x1-80gb", "s-2vcpu-4gb-old"}


def test_half_of_the_pages_changes_nothing(vendors: Vendors) -> None:
    vendors.broken["pageToken=two"] = 500
    error = refreshed("gcp")["gcp"].error
    assert error is not None
    assert "answers 500" in error.message
    assert not (cache.folder() / "gcp.json").exists()


def test_pages_without_an_end_are_refused(vendors: Vendors) -> None:
    vendors.broken["pageToken=two"] = '{"nextPageToken": "two"}'
    error = refreshed("gcp")["gcp"].error
    assert error is not None
    assert "its pages have no end" in error.message


def test_a_list_that_was_cut_is_refused(vendors: Vendors) -> None:
    vendors.broken["AmazonECR"] = aws_list("AmazonECR")[:-20]
    error = refreshed("aws")["aws"].error
    assert error is not None
    assert "another form than expected" in error.message


def test_a_line_without_an_end_is_not_held_in_memory(vendors: Vendors) -> None:
    vendors.broken["AmazonEKS"] = "x" * 2**22
    error = refreshed("aws")["aws"].error
    assert error is not None
    assert "another form than expected" in error.message


def test_a_redirect_elsewhere_gets_no_credentials(vendors: Vendors) -> None:
    with running() as other:
        vendors.moved = other.url.replace("127.0.0.1", "localhost")
        assert refreshed("digitalocean", "gcp")["gcp"].error is None
    assert set(other.credentials) == {None}


def test_a_list_in_another_currency_is_refused(vendors: Vendors) -> None:
    vendors.broken["instancePrice"] = '{"currency": "CNY", "pricingInfo": {}}'
    error = refreshed("alibaba")["alibaba"].error
    assert error is not None
    assert "it is in CNY" in error.message


def test_with_a_refreshed_disk_arm_on_google_has_a_whole_bill(vendors: Vendors) -> None:
    refreshed("gcp")
    catalog, _ = cache.load()
    arm = replace(WISHES, arch="arm64")
    before, after = (offers(compare(APP, arm, prices))["gcp"] for prices in (CATALOG, catalog))
    assert (before.total.unknown, after.total.unknown) == (2, 0)


def test_a_missing_or_zero_price_replaces_nothing(vendors: Vendors) -> None:
    refreshed()
    catalog, _ = cache.load()
    assert machine(catalog, "aws", "us-east-1", "t3.large").row.usd == Decimal("0.0832")
    assert machine(catalog, "digitalocean", "fra1", "c-2").row.usd == Decimal("0.0625")
    assert catalog.price("digitalocean", "lb.regional.node").usd == 12


def test_a_free_plan_stays_free_and_a_dearer_one_is_read(vendors: Vendors) -> None:
    refreshed("digitalocean")
    catalog, _ = cache.load()
    assert catalog.price("digitalocean", "docr.starter").usd == 0
    assert catalog.price("digitalocean", "docr.basic").usd == 6


def test_credentials_go_in_headers(vendors: Vendors) -> None:
    refreshed("digitalocean", "gcp")
    assert set(vendors.credentials) == {"Bearer do-token-for-tests", "gcp-key-for-tests"}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (403, "asks for credentials (403)"),
        (404, "it answers 404"),
        ("not json", "it is not JSON"),
        ("{}", "another form than expected"),
        ('{"sizes": [{"slug": 1}]}', "cannot be read"),
        (TIERS % -500, "a price or a size that cannot be"),
        (TIERS % "1e400", "a price or a size that cannot be"),
    ],
)
def test_a_broken_list_is_named_and_the_prices_of_before_stay(
    vendors: Vendors, broken: int | str, said: str
) -> None:
    refreshed("digitalocean")
    before = (cache.folder() / "digitalocean.json").read_bytes()
    vendors.broken["/v2/registry" if broken != '{"sizes": [{"slug": 1}]}' else "/v2/"] = broken
    error = refreshed("digitalocean")["digitalocean"].error
    assert error is not None
    assert said in error.message
    assert (cache.folder() / "digitalocean.json").read_bytes() == before


def test_one_cloud_failing_does_not_stop_the_others(vendors: Vendors) -> None:
    vendors.broken["/offers"] = "<html>"
    done = refreshed("aws", "alibaba")
    assert done["aws"].error is not None
    assert "it has no heading" in done["aws"].error.message
    assert done["alibaba"].read == 2


@pytest.mark.parametrize(
    ("cloud", "name"),
    [("digitalocean", "DIGITALOCEAN_ACCESS_TOKEN"), ("gcp", "CLOUDDEPLOY_GCP_API_KEY")],
)
def test_a_missing_credential_is_named(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch, cloud: str, name: str
) -> None:
    monkeypatch.delenv(name)
    monkeypatch.delenv("DIGITALOCEAN_TOKEN", raising=False)
    error = refreshed(cloud)[cloud].error
    assert error is not None
    assert error.fix == f"export {name}=…"
    assert error.exit_code == 5


def test_a_cache_that_cannot_be_written_says_so(
    vendors: Vendors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLOUDDEPLOY_CACHE", str(tmp_path / "file"))
    error = refreshed("alibaba", "gcp")["gcp"].error
    assert error is not None
    assert "cannot be written" in error.message
    assert vendors.credentials == []


def test_who_has_no_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a number: there is neither HOME nor an account."""
    for name in ("HOME", "XDG_CACHE_HOME", "CLOUDDEPLOY_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 3)
    assert cache.load() == (CATALOG, ())
    error = refreshed("alibaba")["alibaba"].error
    assert error is not None
    assert error.fix == "export CLOUDDEPLOY_CACHE=/a/folder"


def test_a_cache_that_cannot_be_looked_into_is_named_and_left_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDDEPLOY_CACHE", "/" + 300 * "a")
    catalog, problems = cache.load()
    assert catalog == CATALOG
    assert "cannot be read: File name too long; the bundled prices count instead" in problems[0]


def test_nothing_is_left_beside_the_cache(vendors: Vendors) -> None:
    refreshed()
    assert {path.name for path in cache.folder().iterdir()} == {f"{cloud}.json" for cloud in SOURCES}
