"""The price catalogue: dated rows with sources, bundled with the package, overlaid by a user's cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from importlib import resources
from typing import Any

from clouddeploy.errors import ConfigError

EVERYWHERE = "*"
"""The region of a price that is the same in all regions."""

STALE_DAYS = 90
"""From this age on a price is announced as old."""


@dataclass(frozen=True)
class Row:
    """The price of one unit; `usd` None is unknown. `as_of` None means that the source has no date.

    `confidence` says how the figure was read: generated, vendor-page, quoted, derived, secondary,
    refreshed or unknown. `spot` is the price of an interruptible unit, `month_cap` the most that one
    unit costs in a month.
    """

    provider: str
    sku: str
    kind: str
    region: str
    unit: str
    usd: Decimal | None
    source: str
    as_of: date | None
    confidence: str
    note: str = ""
    spot: Decimal | None = None
    month_cap: Decimal | None = None


@dataclass(frozen=True)
class Machine:
    """A machine type in one region. `cpu_class` is dedicated, standard, flex, shared or burstable.

    `transfer_gib` is the free egress that each such machine brings; None is not known.
    """

    row: Row
    cpus: int
    memory_gib: Decimal
    arch: str
    cpu_class: str
    max_pods: int | None = None
    transfer_gib: Decimal | None = None

    @property
    def name(self) -> str:
        """The cloud's own name of the type."""
        return self.row.sku

    @property
    def steady(self) -> bool:
        """Whether its CPUs are its own all the time."""
        return self.cpu_class == "dedicated"


@dataclass(frozen=True)
class Plan:
    """A registry subscription; `repositories` None is unlimited, `overage` is USD per GiB-month."""

    row: Row
    repositories: int | None
    storage_gib: Decimal | None
    overage: Decimal | None


@dataclass(frozen=True)
class Catalog:
    """All prices. `built` is the date of the bundled data; of two prices of a thing the newer counts."""

    built: date
    items: tuple[Row | Machine | Plan, ...]

    @cached_property
    def _rows(self) -> Mapping[tuple[str, str, str], Row]:
        found: dict[tuple[str, str, str], Row] = {}
        for row in self.rows:
            key = (row.provider, row.sku, row.region)
            if _wins(row, found.get(key)):
                found[key] = row
        return found

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every price row, whatever it is the price of."""
        return tuple(item if isinstance(item, Row) else item.row for item in self.items)

    def price(self, provider: str, sku: str, *regions: str) -> Row:
        """The first of `regions` that has a known price, then the price everywhere; else an unknown row.

        A newer price everywhere wins over that of a region.
        """
        everywhere = self._rows.get((provider, sku, EVERYWHERE))
        for region in (*regions, EVERYWHERE):
            row = self._rows.get((provider, sku, region))
            if row and row.usd is not None:
                return row if everywhere is None or _wins(row, everywhere) else everywhere
        known = next(
            (row for region in (*regions, EVERYWHERE) if (row := self._rows.get((provider, sku, region)))),
            None,
        )
        where = regions[0] if regions else EVERYWHERE
        kind, unit = self._units.get((provider, sku), ("", "unit"))
        return known or Row(provider, sku, kind, where, unit, None, "not in the catalogue", None, "unknown")

    @cached_property
    def _units(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        """Kind and unit of every thing that has a price somewhere."""
        return {(row.provider, row.sku): (row.kind, row.unit) for row in self.rows}

    @cached_property
    def _machines(self) -> Mapping[tuple[str, str], dict[str, Machine]]:
        found: dict[tuple[str, str], dict[str, Machine]] = {}
        for item in self.items:
            if isinstance(item, Machine):
                types = found.setdefault((item.row.provider, item.row.region), {})
                before = types.get(item.name)
                if _wins(item.row, before.row if before else None):
                    types[item.name] = item
        return found

    def machines(self, provider: str, region: str) -> tuple[Machine, ...]:
        """The machine types of one region."""
        everywhere = self._machines.get((provider, EVERYWHERE), {})
        return tuple((everywhere | self._machines.get((provider, region), {})).values())

    def all_machines(self, provider: str) -> tuple[Machine, ...]:
        """The machine types of every region."""
        regions = sorted(region for name, region in self._machines if name == provider)
        return tuple(one for region in regions for one in self._machines[provider, region].values())

    def plans(self, provider: str) -> tuple[Plan, ...]:
        """The registry subscriptions of a cloud, in the order of the catalogue."""
        return tuple(plan for plan in self._plans if plan.row.provider == provider)

    @cached_property
    def _plans(self) -> tuple[Plan, ...]:
        """One plan of each name."""
        found: dict[tuple[str, str], Plan] = {}
        for item in self.items:
            if isinstance(item, Plan):
                key = (item.row.provider, item.row.sku)
                before = found.get(key)
                if _wins(item.row, before.row if before else None):
                    found[key] = item
        return tuple(found.values())

    def priced_regions(self, provider: str, arch: str = "any") -> set[str]:
        """The regions where some machine type of an architecture has a price; EVERYWHERE stands for all."""
        return {
            region
            for (name, region), types in self._machines.items()
            if name == provider
            and any(one.row.usd is not None and arch in ("any", one.arch) for one in types.values())
        }

    def overlaid(self, items: Iterable[Row | Machine | Plan]) -> Catalog:
        """With `items` beside the bundled ones; an unknown or older price never hides a known one."""
        return Catalog(self.built, (*self.items, *items))


def _wins(row: Row, before: Row | None) -> bool:
    """A known price over an unknown one, then the newer one (a dated one over an undated), then the later."""
    if before is None:
        return True
    if row.usd is None or before.usd is None:
        return row.usd is not None
    return (row.as_of or date.min) >= (before.as_of or date.min)


def bundled() -> Catalog:
    """The catalogue that is part of the package."""
    text = (resources.files("clouddeploy.prices") / "data" / "catalog.json").read_text("utf-8")
    raw = json.loads(text, parse_float=Decimal)
    return Catalog(date.fromisoformat(raw["meta"]["built"]), tuple(map(read_item, raw["prices"])))


def read_item(raw: Mapping[str, Any]) -> Row | Machine | Plan:
    """A row of catalogue data; ConfigError when it is not one, or when nothing can cost or have so much."""
    try:
        row = _row(raw)
        if row.kind == "node":
            return _machine(row, raw)
        if "storage_gib" in raw or "repositories" in raw:
            return Plan(
                row,
                _whole(raw.get("repositories")),
                _amount(raw.get("storage_gib")),
                _amount(raw.get("overage_gib_month")),
            )
        return row
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        message = f"a row of the price catalogue cannot be read: {error!r}"
        raise ConfigError(message, fix="clouddeploy prices refresh") from error


def _row(raw: Mapping[str, Any]) -> Row:
    kind = _word(raw["kind"])
    return Row(
        provider=_word(raw["provider"]),
        sku=_word(raw["sku"]),
        kind=kind,
        region=_word(raw["region"]),
        unit=_word(raw["unit"]),
        usd=_PRICES.get(kind, _amount)(raw["usd"]),
        source=_word(raw["source"]),
        as_of=date.fromisoformat(raw["as_of"]) if raw["as_of"] else None,
        confidence=_word(raw["confidence"]),
        note=_word(raw.get("note", "")),
        spot=_positive(raw.get("usd_spot")),
        month_cap=_positive(raw.get("usd_month_cap")),
    )


def _machine(row: Row, raw: Mapping[str, Any]) -> Machine:
    cpus, memory = _whole(raw["vcpu"]), _positive(raw["memory_gib"])
    if cpus is None or memory is None:
        raise ValueError("a machine without CPUs or memory")
    return Machine(
        row=row,
        cpus=cpus,
        memory_gib=memory,
        arch=_word(raw["arch"]),
        cpu_class=_word(raw["cpu_class"]),
        max_pods=_whole(raw.get("max_pods")),
        transfer_gib=_amount(raw.get("transfer_gib")),
    )


def _number(value: Any) -> Decimal | None:
    """A number that can be reckoned with: finite, and between bounds that are far from any price."""
    if value is None:
        return None
    amount = Decimal(str(value))
    # comparing NaN is an ArithmeticError
    if not (_LEAST <= abs(amount) <= _MOST or amount == 0):
        raise ValueError(f"{value} is no amount")
    return amount


def _amount(value: Any) -> Decimal | None:
    amount = _number(value)
    if amount is not None and amount < 0:
        raise ValueError(f"{value} is below 0")
    return amount


def _positive(value: Any) -> Decimal | None:
    amount = _number(value)
    if amount is not None and amount <= 0:
        raise ValueError(f"{value} is not above 0")
    return amount


def _whole(value: Any) -> int | None:
    if type(value) is int and 0 < value <= _MOST:
        return value
    amount = _positive(value)
    if amount is not None and amount % 1:
        raise ValueError(f"{value} is not a whole number")
    return None if amount is None else int(amount)


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


_MOST, _LEAST = Decimal(10**9), Decimal("1e-12")
_PRICES: Mapping[str, Callable[[Any], Decimal | None]] = {"node": _positive, "credit": _number}
"""What a price may be where it is not just 0 or more: no node is free, a credit is below 0."""
