"""The price catalogue: dated rows with sources, bundled with the package, overlaid by a user's cache."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
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
    """All prices. `built` is the date of the bundled data; later entries of `items` win over earlier ones."""

    built: date
    items: tuple[Row | Machine | Plan, ...]

    @cached_property
    def _rows(self) -> Mapping[tuple[str, str, str], Row]:
        found: dict[tuple[str, str, str], Row] = {}
        for row in self.rows:
            key = (row.provider, row.sku, row.region)
            if row.usd is not None or key not in found:
                found[key] = row
        return found

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every price row, whatever it is the price of."""
        return tuple(item if isinstance(item, Row) else item.row for item in self.items)

    def price(self, provider: str, sku: str, *regions: str) -> Row:
        """The first of `regions` that has a known price, then the price everywhere; else an unknown row."""
        for region in (*regions, EVERYWHERE):
            row = self._rows.get((provider, sku, region))
            if row and row.usd is not None:
                return row
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
                if item.row.usd is not None or item.name not in types:
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
        """Later plans of the same name take the place of earlier ones, except with an unknown price."""
        found: dict[tuple[str, str], Plan] = {}
        for item in self.items:
            if isinstance(item, Plan):
                key = (item.row.provider, item.row.sku)
                if item.row.usd is not None or key not in found:
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
        """With `items` over the bundled ones; an unknown price never hides a known one."""
        return Catalog(self.built, (*self.items, *items))


def bundled() -> Catalog:
    """The catalogue that is part of the package."""
    text = (resources.files("clouddeploy.prices") / "data" / "catalog.json").read_text("utf-8")
    raw = json.loads(text, parse_float=Decimal)
    return Catalog(date.fromisoformat(raw["meta"]["built"]), tuple(map(read_item, raw["prices"])))


def read_item(raw: Mapping[str, Any]) -> Row | Machine | Plan:
    """A row of catalogue data; ConfigError when it is not one."""
    try:
        row = _row(raw)
        if row.kind == "node":
            return _machine(row, raw)
        if "storage_gib" in raw or "repositories" in raw:
            return Plan(
                row,
                raw.get("repositories"),
                _number(raw.get("storage_gib")),
                _number(raw.get("overage_gib_month")),
            )
        return row
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        message = f"a row of the price catalogue cannot be read: {error!r}"
        raise ConfigError(message, fix="clouddeploy prices refresh") from error


def _row(raw: Mapping[str, Any]) -> Row:
    return Row(
        provider=raw["provider"],
        sku=raw["sku"],
        kind=raw["kind"],
        region=raw["region"],
        unit=raw["unit"],
        usd=_number(raw["usd"]),
        source=raw["source"],
        as_of=date.fromisoformat(raw["as_of"]) if raw["as_of"] else None,
        confidence=raw["confidence"],
        note=raw.get("note", ""),
        spot=_number(raw.get("usd_spot")),
        month_cap=_number(raw.get("usd_month_cap")),
    )


def _machine(row: Row, raw: Mapping[str, Any]) -> Machine:
    return Machine(
        row=row,
        cpus=int(raw["vcpu"]),
        memory_gib=Decimal(str(raw["memory_gib"])),
        arch=raw["arch"],
        cpu_class=raw["cpu_class"],
        max_pods=raw.get("max_pods"),
        transfer_gib=_number(raw.get("transfer_gib")),
    )


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
