"""The catalogue: every figure has a source, unknown stays unknown, a newer figure wins."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from clouddeploy.errors import ConfigError
from clouddeploy.prices.catalog import Machine, bundled, read_item

CATALOG = bundled()
T3 = {
    "provider": "aws", "sku": "t3.medium", "kind": "node", "region": "us-east-1", "unit": "hour",
    "usd": Decimal("0.05"), "source": "a test", "as_of": "2026-11-01", "confidence": "refreshed",
    "vcpu": 2, "memory_gib": 4, "arch": "amd64", "cpu_class": "burstable",
}  # fmt: skip


def t3() -> Machine:
    return next(m for m in CATALOG.machines("aws", "us-east-1") if m.name == "t3.medium")


def test_every_row_has_a_source_and_every_price_a_date_or_a_reason() -> None:
    assert len(CATALOG.rows) == 301
    assert all(len(row.source) > 20 for row in CATALOG.rows)
    assert not [row.sku for row in CATALOG.rows if re.match(r"(?i)same|ditto|see |ibid", row.source)]
    assert all(row.usd is None or row.confidence != "unknown" for row in CATALOG.rows)


def test_figures_are_exact() -> None:
    assert t3().row.usd == Decimal("0.0416")
    assert CATALOG.price("gcp", "pd-balanced", "us-east1").usd == Decimal("0.1")
    assert CATALOG.price("aws", "eks.control_plane.standard", "eu-west-1").as_of == date(2026, 10, 1)


def test_a_price_that_nobody_knows_is_none_not_zero() -> None:
    assert CATALOG.price("alibaba", "eip.retention", "us-east-1").usd is None
    assert CATALOG.price("aws", "no.such.sku", "us-east-1").usd is None


def test_a_region_falls_back_to_the_next_that_is_named() -> None:
    row = CATALOG.price("gcp", "lb.forwarding_rule.first5", "us-east1", "us-central1")
    assert (row.usd, row.region) == (Decimal("0.025"), "us-central1")


def test_digitalocean_sells_the_same_machines_everywhere() -> None:
    assert CATALOG.machines("digitalocean", "fra1") == CATALOG.machines("digitalocean", "nyc1")


def test_a_refreshed_price_wins_over_the_bundled_one() -> None:
    newer = CATALOG.overlaid([read_item(T3)])
    assert next(m for m in newer.machines("aws", "us-east-1") if m.name == "t3.medium").row.usd == Decimal(
        "0.05"
    )


def test_a_missing_price_never_hides_a_good_one() -> None:
    missing = replace(t3(), row=replace(t3().row, usd=None))
    same = CATALOG.overlaid([missing])
    assert next(m for m in same.machines("aws", "us-east-1") if m.name == "t3.medium") == t3()


def test_an_older_price_never_hides_a_newer_one() -> None:
    """The bundled row is of 2026-07-20, and one without a date is older than any."""
    for as_of in ("2023-01-01", None):
        older = CATALOG.overlaid([read_item(T3 | {"as_of": as_of})])
        assert next(m for m in older.machines("aws", "us-east-1") if m.name == "t3.medium") == t3()


@pytest.mark.parametrize(("as_of", "usd"), [("2023-01-01", "0.1"), ("2026-11-01", "0.2")])
def test_a_price_of_a_region_hides_no_newer_one_of_all_regions(as_of: str, usd: str) -> None:
    """EKS's is 0.1 everywhere since 2026-10-01."""
    control = {"sku": "eks.control_plane.standard", "kind": "control_plane", "usd": "0.2", "as_of": as_of}
    both = CATALOG.overlaid([read_item(T3 | control)])
    assert both.price("aws", "eks.control_plane.standard", "us-east-1").usd == Decimal(usd)


def test_an_older_plan_never_hides_a_newer_one() -> None:
    plans = {plan.row.sku: plan for plan in CATALOG.plans("digitalocean")}
    basic = plans["docr.basic"]
    for as_of, usd in ((date(2020, 1, 1), basic.row.usd), (date(2030, 1, 1), Decimal(7))):
        other = replace(basic, row=replace(basic.row, usd=Decimal(7), as_of=as_of))
        now = {plan.row.sku: plan for plan in CATALOG.overlaid([other]).plans("digitalocean")}
        assert now["docr.basic"].row.usd == usd


def test_a_credit_may_be_below_0_and_a_control_plane_free() -> None:
    assert CATALOG.price("gcp", "gke.free_tier_credit").usd == Decimal("-74.4")
    assert CATALOG.price("digitalocean", "doks.control_plane.standard").usd == 0


@pytest.mark.parametrize(
    "damage",
    [
        {"usd": "cheap"}, {"usd": 0}, {"usd": -1}, {"usd": float("nan")}, {"usd": float("inf")},
        {"usd": "1e400"}, {"usd": "1e-400"}, {"usd_spot": 0}, {"usd_month_cap": -5},
        {"vcpu": None}, {"vcpu": 0}, {"vcpu": "2.5"}, {"memory_gib": -4}, {"memory_gib": "NaN"},
        {"max_pods": 0}, {"transfer_gib": -1}, {"as_of": "soon"}, {"sku": ["t3.medium"]}, {"source": None},
        {"kind": "lb", "usd": -1}, {"kind": "registry", "storage_gib": "inf"},
        {"kind": "registry", "repositories": -1},
        {"kind": "registry", "storage_gib": 1, "overage_gib_month": -1},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_row_is_an_error_that_says_so(damage: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="a row of the price catalogue cannot be read") as caught:
        read_item(T3 | damage)
    assert caught.value.fix == "clouddeploy prices refresh"
