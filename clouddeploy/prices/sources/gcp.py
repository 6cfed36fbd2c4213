"""Google's Cloud Billing Catalog: a machine costs its cores and its GiB of memory.

https://cloud.google.com/billing/v1/how-tos/catalog-api; needs an API key, no project rights.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from clouddeploy.errors import CredentialsError
from clouddeploy.prices.cache import Item
from clouddeploy.prices.catalog import Catalog
from clouddeploy.prices.sources.web import price, read_json

URL = "https://cloudbilling.googleapis.com"
COMPUTE = "6F81-5844-456A"

_PART = re.compile(r"(?:Spot Preemptible )?(\w+?)(?: AMD| Arm)? Instance (Core|Ram) running in ")
_SHARED_CORES = {"e2-micro": Decimal("0.25"), "e2-small": Decimal("0.5"), "e2-medium": Decimal(1)}

_Units = dict[tuple[str, str, str, str], Decimal]


def fetch(base: str, catalog: Catalog, today: date) -> Iterator[Item]:
    """The on-demand and spot prices of the catalogue's machine types in its regions."""
    key = os.environ.get("CLOUDDEPLOY_GCP_API_KEY")
    if not key:
        raise CredentialsError("Google's prices need an API key", fix="export CLOUDDEPLOY_GCP_API_KEY=…")
    url = f"{base}/v1/services/{COMPUTE}/skus"
    units = _units(url, key)
    for machine in catalog.all_machines("gcp"):
        cores = _SHARED_CORES.get(machine.name, Decimal(machine.cpus))
        family, region = machine.name.partition("-")[0], machine.row.region
        amounts = {}
        for usage in ("OnDemand", "Preemptible"):
            core, ram = (units.get((family, region, usage, part)) for part in ("Core", "Ram"))
            amounts[usage] = None if core is None or ram is None else cores * core + machine.memory_gib * ram
        if amounts["OnDemand"] is not None:
            row = replace(
                machine.row, usd=amounts["OnDemand"], source=url, as_of=today, confidence="refreshed"
            )
            spot = amounts["Preemptible"]
            yield replace(machine, row=replace(row, spot=machine.row.spot if spot is None else spot))


def _units(url: str, key: str) -> _Units:
    """USD per core-hour and GiB-hour by family, region, usage type and part."""
    found: _Units = {}
    page = ""
    while True:
        answer = read_json(f"{url}?pageSize=5000&pageToken={quote(page, safe='')}", {"X-Goog-Api-Key": key})
        for sku in answer.get("skus", ()):
            match = _PART.match(sku.get("description", ""))
            usd = _hourly(sku) if match else None
            if match and usd is not None:
                for region in sku["serviceRegions"]:
                    found[match[1].lower(), region, sku["category"]["usageType"], match[2]] = usd
        page = answer.get("nextPageToken", "")
        if not page:
            return found


def _hourly(sku: dict[str, Any]) -> Decimal | None:
    """The last tier's price: units in whole USD and nanos in 1e-9 USD."""
    infos = sku.get("pricingInfo") or [{}]
    rates = infos[-1].get("pricingExpression", {}).get("tieredRates") or [{}]
    unit = rates[-1].get("unitPrice", {})
    return price(Decimal(str(unit.get("units") or 0)) + Decimal(unit.get("nanos") or 0) / 10**9)
