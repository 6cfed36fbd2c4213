"""How old the prices are that a comparison used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from clouddeploy.prices.catalog import STALE_DAYS, Row
from clouddeploy.prices.offers import Comparison


@dataclass(frozen=True)
class Age:
    """The oldest dated price used, how many are older than STALE_DAYS and how many have no date."""

    oldest: date | None
    stale: int
    undated: int
    used: int


def age(comparison: Comparison) -> Age:
    """The age of the known prices behind all offers."""
    rows = {
        line.charge.row: None
        for lane in comparison.lanes
        for offer in lane.offers
        for line in offer.lines
        if line.charge.row.usd is not None and line.quantity
    }
    return of_rows(rows, comparison.wishes.today)


def sentence(comparison: Comparison) -> str:
    """The age in words: of the bundle, of the oldest price used, and how many are old or undated."""
    known = age(comparison)
    parts = [f"prices: bundled {comparison.catalog.built}, oldest {known.oldest or 'undated'}"]
    if known.stale:
        parts.append(f"{known.stale} of {known.used} older than {STALE_DAYS} days")
    if known.undated:
        parts.append(f"{known.undated} undated")
    return "; ".join(parts)


def of_rows(rows: Iterable[Row], today: date) -> Age:
    """The age of some price rows."""
    listed = list(rows)
    dates = [row.as_of for row in listed if row.as_of is not None]
    stale = sum((today - one).days > STALE_DAYS for one in dates)
    return Age(min(dates, default=None), stale, len(listed) - len(dates), len(listed))
