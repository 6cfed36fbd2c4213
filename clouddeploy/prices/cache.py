"""Refreshed prices of this user: one file per cloud, replaced as a whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from clouddeploy.caches import cache_folder
from clouddeploy.errors import CloudDeployError, ConfigError
from clouddeploy.prices.catalog import Catalog, Machine, Plan, Row, bundled, read_item

SCHEMA = "clouddeploy.prices/v1"

Item = Row | Machine | Plan

_INSTEAD = "the bundled prices count instead"


def folder() -> Path:
    """`prices` in the user's cache; ConfigError where there is none."""
    return cache_folder() / "prices"


def load() -> tuple[Catalog, tuple[str, ...]]:
    """The bundled catalogue under the refreshed prices, and a sentence for each file that is not usable."""
    catalog, problems = bundled(), []
    try:
        where = folder()
    except ConfigError:  # without a home nothing was ever refreshed
        return catalog, ()
    try:
        paths = sorted(where.iterdir()) if where.is_dir() else []
    except OSError as error:
        return catalog, (f"the price cache {where} cannot be read: {error.strerror}; {_INSTEAD}",)
    for path in paths:
        try:
            catalog = catalog.overlaid(read(path) if path.suffix == ".json" else ())
        except ConfigError as error:
            problems.append(f"{error.message}; {_INSTEAD}")
    return catalog, tuple(problems)


def read(path: Path) -> tuple[Item, ...]:
    """The prices in a cache file; ConfigError when it is not one."""
    try:
        raw = json.loads(path.read_text("utf-8"), parse_float=Decimal)
        if not isinstance(raw, dict) or raw.get("schema") != SCHEMA or not isinstance(raw["prices"], list):
            raise ValueError("another schema")
        return tuple(map(read_item, raw["prices"]))
    except (OSError, ValueError, KeyError, RecursionError, ConfigError) as error:
        raise ConfigError(
            f"the price cache {path} cannot be read", fix="clouddeploy prices refresh"
        ) from error


def checked(item: Item) -> Item:
    """The same price; ConfigError for one that `read` would refuse."""
    read_item(_raw(item))
    return item


def write(provider: str, items: Sequence[Item]) -> tuple[Path, int]:
    """Merge `items` into a cloud's file; returns it and the number of prices in it.

    A price that `items` does not have, or has as unknown, stays as it was. Readers see the old file
    or the new one, never a part. CloudDeployError when it cannot be written.
    """
    path = folder() / f"{provider}.json"
    try:
        before: Sequence[Item] = read(path)
    except ConfigError:
        before = ()
    merged = {_key(item): item for item in before}
    merged |= {_key(item): item for item in items if _row(item).usd is not None}
    text = json.dumps({"schema": SCHEMA, "prices": [_raw(item) for item in merged.values()]}, indent=1)
    with _writing(path):
        _replace(path, text)
    return path, len(merged)


def prepare() -> None:
    """Make the folder; CloudDeployError when nothing could be written to it."""
    where = folder()
    with _writing(where), tempfile.TemporaryFile(dir=_made(where)):
        pass


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"the price cache {path} cannot be written: {error.strerror}"
        raise CloudDeployError(
            message, fix="make room or set CLOUDDEPLOY_CACHE; the old prices stay"
        ) from error


def _made(where: Path) -> Path:
    where.mkdir(parents=True, exist_ok=True)
    return where


def _replace(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile(
        "w", dir=_made(path.parent), prefix=".", delete=False, encoding="utf-8"
    ) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _row(item: Item) -> Row:
    return item if isinstance(item, Row) else item.row


def _key(item: Item) -> tuple[str, str]:
    row = _row(item)
    return row.sku, row.region


def _raw(item: Item) -> dict[str, Any]:
    row = _row(item)
    found: dict[str, Any] = {
        "provider": row.provider,
        "sku": row.sku,
        "kind": row.kind,
        "region": row.region,
        "unit": row.unit,
        "usd": _text(row.usd),
        "source": row.source,
        "as_of": row.as_of.isoformat() if row.as_of else None,
        "confidence": row.confidence,
        "note": row.note,
        "usd_spot": _text(row.spot),
        "usd_month_cap": _text(row.month_cap),
    }
    if isinstance(item, Machine):
        found |= {"vcpu": item.cpus, "memory_gib": _text(item.memory_gib), "arch": item.arch}
        found |= {"cpu_class": item.cpu_class, "max_pods": item.max_pods}
        found["transfer_gib"] = _text(item.transfer_gib)
    if isinstance(item, Plan):
        found |= {"repositories": item.repositories, "storage_gib": _text(item.storage_gib)}
        found["overage_gib_month"] = _text(item.overage)
    return found


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
