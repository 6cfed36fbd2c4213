"""`clouddeploy compare`: with the bundled catalogue, and with every machine type of four clouds cached."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clouddeploy.prices.cache import SCHEMA
from tests.benchmarks.measure import Entry, Figures, contest

RUNS = 7
ARGUMENTS = (
    "--cpus",
    "500m",
    "--memory",
    "512Mi",
    "--replicas",
    "12",
    "--lb",
    "1",
    "--egress",
    "200",
)
CLOUDS = {"aws": (900, 18), "gcp": (400, 24), "digitalocean": (150, 1), "alibaba": (900, 14)}
"""How many machine types, in how many regions: more than the clouds have."""


def figures(folder: Path) -> dict[str, Figures]:
    """Wall and CPU seconds and peak memory of the whole command."""
    program = str(Path(sys.executable).with_name("clouddeploy"))
    fill(folder / "large" / "prices")
    rows = sum(types * regions for types, regions in CLOUDS.values())
    caches = {"bundled catalogue": folder / "empty", f"and {rows:,} machine prices": folder / "large"}
    command = [program, "compare", *ARGUMENTS]
    entries = [
        Entry(title, [command], env={"CLOUDDEPLOY_CACHE": str(cache)}) for title, cache in caches.items()
    ]
    return contest(entries, RUNS)


def fill(folder: Path) -> None:
    """Caches as `prices refresh` writes them."""
    folder.mkdir(parents=True)
    places = json.loads(
        (Path(__file__).parents[2] / "clouddeploy/prices/data/regions.json").read_text("utf-8")
    )["places"]
    for cloud, (types, regions) in CLOUDS.items():
        names = ["*"] if regions == 1 else _regions(list(places[cloud]), regions)
        prices = [row for region in names for row in _rows(cloud, region, types)]
        (folder / f"{cloud}.json").write_text(json.dumps({"schema": SCHEMA, "prices": prices}))


def _regions(known: list[str], count: int) -> list[str]:
    return [*known, *(f"made-up-{number}" for number in range(count))][:count]


def _rows(cloud: str, region: str, types: int) -> Iterator[dict[str, Any]]:
    for number in range(types):
        cpus, ratio = 2 ** (number % 7 + 1), (2, 4, 8)[number % 3]
        yield {
            "provider": cloud, "sku": f"m{number}.size", "kind": "node", "region": region, "unit": "hour",
            "usd": f"{cpus * (0.02 + 0.004 * ratio) * (1 + number % 11 / 50):.5f}", "source": "a benchmark",
            "as_of": "2026-11-01", "confidence": "refreshed", "note": "", "usd_spot": None,
            "usd_month_cap": None, "vcpu": cpus, "memory_gib": cpus * ratio, "arch": "amd64",
            "cpu_class": "burstable" if number % 4 == 0 else "dedicated", "max_pods": None,
            "transfer_gib": None,
        }  # fmt: skip
