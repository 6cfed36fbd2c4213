"""What `cluster create` says a cluster costs is what `compare` says, and what the API says of its plans."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clouddeploy.contract import ClusterSpec
from clouddeploy.prices.catalog import Row, bundled
from clouddeploy_digitalocean.choose import pick_size
from clouddeploy_digitalocean.costs import (
    HA_CONTROL_PLANE,
    LOAD_BALANCER,
    NODES_MONTHLY,
    REGISTRY,
    VOLUME_GIB,
    costs,
    node_price,
)
from clouddeploy_digitalocean.emulator import catalog
from clouddeploy_digitalocean.parse import size
from clouddeploy_digitalocean.session import Session
from moto_fixtures.digitalocean import DigitalOceanAccount


def _rows() -> dict[str, Row]:
    return {one.sku: one for one in bundled().rows if one.provider == "digitalocean"}


def test_both_price_lists_are_one() -> None:
    rows = _rows()
    nodes = {sku: row.month_cap for sku, row in rows.items() if row.kind == "node"}
    assert {slug: monthly for slug, (_, _, monthly) in NODES_MONTHLY.items()} == nodes
    assert rows["doks.control_plane.ha"].usd == HA_CONTROL_PLANE
    assert rows["lb.regional.node"].usd == LOAD_BALANCER
    assert rows["volume"].usd == VOLUME_GIB
    assert {slug: rows[f"docr.{slug}"].usd for slug in REGISTRY} == REGISTRY


def test_a_month_is_billed_for_672_hours_at_most() -> None:
    """https://docs.digitalocean.com/products/droplets/details/pricing/: 28 days."""
    for slug, row in _rows().items():
        if row.kind == "node":
            assert row.usd
            assert row.month_cap
            assert abs(row.usd * 672 - row.month_cap) < Decimal("0.01"), slug


def test_the_plans_cost_what_the_api_says(do_account: DigitalOceanAccount) -> None:
    plans = Session(do_account.target()).api.plans()
    assert {one.slug: one.monthly for one in plans} == REGISTRY


@pytest.mark.parametrize(
    "spec", [ClusterSpec("demo"), *(ClusterSpec("demo", cpus=cpus, memory_gib=8) for cpus in (1, 2, 4, 8))]
)
def test_the_size_that_is_priced_is_the_size_that_is_made(spec: ClusterSpec) -> None:
    made = pick_size(spec, "fra1", [size(one) for one in catalog.sizes()])
    assert node_price(spec) == (made, NODES_MONTHLY[made][2])


def test_high_availability_is_priced_only_when_it_is_asked_for() -> None:
    for ha, monthly in ((True, Decimal(40)), (False, Decimal(0)), (None, Decimal(0))):
        (plane, *_) = costs(ClusterSpec("demo", ha=ha), "")
        assert plane.monthly == monthly
