"""Google's Cloud Billing Catalog: a machine costs its cores and its GiB of memory.

https://cloud.google.com/billing/v1/how-tos/catalog-api; needs an API key, no project rights.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from clouddeploy.errors import CredentialsError
from clouddeploy.prices.cache import Item
from clouddeploy.prices.catalog import EVERYWHERE, Catalog, Machine, Row
from clouddeploy.prices.sources.web import price, read_json, unreadable

URL = "https://cloudbilling.googleapis.com"
COMPUTE, KUBERNETES, ARTIFACTS = "6F81-5844-456A", "CCD8-9BF1-090E", "149C-F9EC-3994"

_PART = re.compile(r"(?:Spot Preemptible )?(\w+?)(?: AMD| Arm)? Instance (Core|Ram) running in ")
_COMMITTED = re.compile(r"Commitment v1: (\w+?)(?: AMD| Arm)? (Cpu|Ram) in .* for [13] Years?")
_USAGES = {"Commit1Yr": "1y", "Commit3Yr": "3y"}
_SHARED_CORES = {"e2-micro": Decimal("0.25"), "e2-small": Decimal("0.5"), "e2-medium": Decimal(1)}

Units = Mapping[tuple[str, str, str, str], Decimal]
"""USD per core-hour (Core) and GiB-hour (Ram) by family, region, usage type and part."""


@dataclass(frozen=True)
class Thing:
    """A billed thing by the beginning of its description; the price counts `times` so many units."""

    service: str
    description: str
    sku: str
    kind: str
    unit: str
    times: int = 1

    def matches(self, service: str, description: str) -> bool:
        """The description alone, or with a place: "Balanced PD Capacity in Frankfurt"."""
        rest = description.removeprefix(self.description)
        return (
            self.service == service and rest != description and (not rest or rest.startswith((" in ", " (")))
        )


_THINGS = (
    Thing(COMPUTE, "Balanced PD Capacity", "pd-balanced", "block", "GiB-month"),
    Thing(COMPUTE, "Hyperdisk Balanced Capacity", "hyperdisk-balanced", "block", "GiB-month"),
    Thing(COMPUTE, "External IP Charge on a Standard VM", "external_ip.vm", "ip", "hour"),
    Thing(KUBERNETES, "Zonal Kubernetes Clusters", "gke.cluster_management", "control_plane", "cluster-hour"),
    Thing(
        KUBERNETES, "Autopilot Pod mCPU Requests", "gke.autopilot.vcpu", "serverless", "vCPU-hour", times=1000
    ),
    Thing(KUBERNETES, "Autopilot Pod Memory Requests", "gke.autopilot.gib", "serverless", "GiB-hour"),
    Thing(ARTIFACTS, "Artifact Registry Storage", "artifact-registry", "registry", "GB-month"),
)


def fetch(base: str, catalog: Catalog, today: date) -> Iterator[Item]:
    """The catalogue's machine types (on demand, spot, committed), disks, addresses, GKE and images."""
    key = os.environ.get("CLOUDDEPLOY_GCP_API_KEY")
    if not key:
        raise CredentialsError("Google's prices need an API key", fix="export CLOUDDEPLOY_GCP_API_KEY=…")
    units: dict[tuple[str, str, str, str], Decimal] = {}
    for service in (COMPUTE, KUBERNETES, ARTIFACTS):
        url = f"{base}/v1/services/{service}/skus"
        for sku in _skus(url, key):
            _note_part(sku, units)
            yield from _things(service, sku, url, today)
    url = f"{base}/v1/services/{COMPUTE}/skus"
    for machine in catalog.all_machines("gcp"):
        yield from _priced(machine, units, url, today)


def _skus(url: str, key: str) -> Iterator[dict[str, Any]]:
    page, asked = "", set[str]()
    while page not in asked:
        asked.add(page)
        answer = read_json(f"{url}?pageSize=5000&pageToken={quote(page, safe='')}", {"X-Goog-Api-Key": key})
        yield from answer.get("skus", ())
        page = answer.get("nextPageToken", "")
        if not page:
            return
    raise unreadable(url, "its pages have no end")


def _note_part(sku: dict[str, Any], units: dict[tuple[str, str, str, str], Decimal]) -> None:
    match = _PART.match(sku["description"]) or _COMMITTED.fullmatch(sku["description"])
    usd = _unit_price(sku, "h") if match else None
    if match and usd is not None:
        part = "Core" if match[2] == "Cpu" else match[2]
        for region in sku["serviceRegions"]:
            units[match[1].lower(), region, sku["category"]["usageType"], part] = usd


def _things(service: str, sku: dict[str, Any], url: str, today: date) -> Iterator[Row]:
    thing = next((one for one in _THINGS if one.matches(service, sku["description"])), None)
    if thing is None or sku["category"]["usageType"] != "OnDemand":
        return
    usd = _unit_price(sku, "mo" if thing.unit.endswith("month") else "h")
    if usd is not None:
        for region in sku["serviceRegions"]:
            where = EVERYWHERE if region == "global" else region
            yield Row(
                "gcp", thing.sku, thing.kind, where, thing.unit, usd * thing.times, url, today, "refreshed"
            )


def _priced(machine: Machine, units: Units, url: str, today: date) -> Iterator[Item]:
    """A known machine type with what its cores and memory cost, and what a commitment to them costs."""
    row = replace(machine.row, source=url, as_of=today, confidence="refreshed")
    usd, spot = (_sum(machine, units, usage) for usage in ("OnDemand", "Preemptible"))
    if usd is not None:
        yield replace(machine, row=replace(row, usd=usd, spot=machine.row.spot if spot is None else spot))
    for usage, term in _USAGES.items():
        committed = _sum(machine, units, usage)
        if committed is not None:
            yield replace(
                row, sku=f"{machine.name}.commit.{term}", kind="commitment", usd=committed, spot=None, note=""
            )


def _sum(machine: Machine, units: Units, usage: str) -> Decimal | None:
    cores = _SHARED_CORES.get(machine.name, Decimal(machine.cpus))
    family = machine.name.partition("-")[0]
    core, ram = (units.get((family, machine.row.region, usage, part)) for part in ("Core", "Ram"))
    return None if core is None or ram is None else cores * core + machine.memory_gib * ram


def _unit_price(sku: dict[str, Any], per: str) -> Decimal | None:
    """The last tier's price, those before it being free: units in whole USD and nanos in 1e-9 USD.

    None for a price in another currency, or for another time than `per`: h of h and GiBy.h, mo of GiBy.mo.
    """
    infos = sku.get("pricingInfo") or [{}]
    expression = infos[-1].get("pricingExpression", {})
    rates = expression.get("tieredRates") or [{}]
    unit = rates[-1].get("unitPrice", {})
    if expression.get("usageUnit", per).rpartition(".")[2] != per or unit.get("currencyCode", "USD") != "USD":
        return None
    return price(Decimal(str(unit.get("units") or 0)) + Decimal(unit.get("nanos") or 0) / 10**9)
