"""The catalogue: every figure has a source, unknown stays unknown, a newer figure wins."""

from __future__ import annotations

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
    assert all(row.source for row in CATALOG.rows)
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


@pytest.mark.parametrize("damage", [{"usd": "cheap"}, {"vcpu": None}, {"as_of": "soon"}])
def test_a_damaged_row_is_an_error_that_says_so(damage: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="a row of the price catalogue cannot be read") as caught:
        read_item(T3 | damage)
    assert caught.value.fix == "clouddeploy prices refresh"
