"""Where a cloud is priced: in the region that was asked for, in its own of that place, or in the nearest."""

from __future__ import annotations

import json
from importlib import resources

import botocore.session
import pytest

from clouddeploy.errors import ConfigError
from clouddeploy.prices import regions
from clouddeploy.prices.catalog import EVERYWHERE
from clouddeploy.prices.regions import Place
from clouddeploy_alibaba.regions import REGIONS as ALIBABA
from clouddeploy_digitalocean.emulator.catalog import REGIONS as DIGITALOCEAN
from clouddeploy_gcp.emulator.catalog import REGIONS as GCP

AWS = botocore.session.get_session().get_available_regions("eks")


@pytest.mark.parametrize(
    ("cloud", "names"),
    [("aws", AWS), ("gcp", GCP), ("digitalocean", DIGITALOCEAN), ("alibaba", ALIBABA)],
)
def test_every_region_that_a_provider_takes_is_known_here(cloud: str, names: list[str]) -> None:
    assert len(names) > 10
    assert [name for name in names if not regions.known(cloud, name)] == []
    for name in names:
        regions.check(name)


def test_every_list_of_regions_has_its_source() -> None:
    text = (resources.files("clouddeploy.prices") / "data" / "regions.json").read_text("utf-8")
    raw = json.loads(text)
    assert set(raw["sources"]) == set(raw["places"])
    assert all(raw["sources"].values())


@pytest.mark.parametrize("name", ["us-west2", "eu-central-2", "europe-west6", "af-south-1", "nyc2", "eu"])
def test_what_is_real_is_taken(name: str) -> None:
    regions.check(name)


def test_what_is_not_known_is_said_to_be_that_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"eu-wst-1 is not known here; did you mean eu-west-1\?"):
        regions.check("eu-wst-1")


@pytest.mark.parametrize(
    ("cloud", "wanted", "priced", "place"),
    [
        ("gcp", "us-west2", {"us-west2"}, Place("us-west2")),
        ("gcp", "us-west2", {"us-east1"}, Place("us-east1", "no node price for us-west2: nearest us-east1")),
        ("digitalocean", "us-west2", {EVERYWHERE}, Place("sfo3", "no region in us-west2: nearest sfo3")),
        ("digitalocean", "nyc2", {EVERYWHERE}, Place("nyc1", "no Kubernetes known in nyc2: nearest nyc1")),
        ("aws", "nyc2", {EVERYWHERE}, Place("us-east-1", "no region in nyc2: nearest us-east-1")),
        ("digitalocean", "sfo2", {EVERYWHERE}, Place("sfo2")),
        ("aws", "europe-west6", {EVERYWHERE}, Place("eu-central-2")),
        # one name, two places
        ("aws", "ap-southeast-3", {EVERYWHERE}, Place("ap-southeast-3")),
        ("gcp", "ap-southeast-3", {EVERYWHERE}, Place("asia-southeast2")),
    ],
)
def test_a_cloud_is_priced_as_near_as_can_be(cloud: str, wanted: str, priced: set[str], place: Place) -> None:
    assert regions.place(cloud, wanted, priced) == place
