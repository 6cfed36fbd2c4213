"""DigitalOcean's API: /v2/sizes and /v2/registry/options; needs a token that may read both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from clouddeploy.errors import CredentialsError
from clouddeploy.prices.cache import Item
from clouddeploy.prices.catalog import EVERYWHERE, Catalog, Machine, Plan, Row
from clouddeploy.prices.sources.web import price, read_json

URL = "https://api.digitalocean.com"


def fetch(base: str, _: Catalog, today: date) -> Iterator[Item]:
    """Droplet sizes and registry subscriptions. Load balancers, volumes and HA are not in the API."""
    token = os.environ.get("DIGITALOCEAN_ACCESS_TOKEN") or os.environ.get("DIGITALOCEAN_TOKEN")
    if not token:
        raise CredentialsError("DigitalOcean's prices need a token", fix="export DIGITALOCEAN_ACCESS_TOKEN=…")
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{base}/v2/sizes"
    for size in _sizes(url, headers):
        usd = price(size.get("price_hourly"))
        if usd and size.get("available", True) and not size.get("gpu_info"):
            yield _machine(size, usd, url, today)
    url = f"{base}/v2/registry/options"
    for tier in read_json(url, headers)["options"]["subscription_tiers"]:
        yield _plan(tier, url, today)


def _sizes(url: str, headers: dict[str, str]) -> Iterator[dict[str, Any]]:
    page = 1
    while True:
        answer = read_json(f"{url}?per_page=200&page={page}", headers)
        yield from answer["sizes"]
        if not answer["sizes"] or not answer.get("links", {}).get("pages", {}).get("next"):
            return
        page += 1


def _machine(size: dict[str, Any], usd: Decimal, url: str, today: date) -> Machine:
    row = Row(
        "digitalocean", size["slug"], "node", EVERYWHERE, "hour", usd, url, today, "refreshed",
        month_cap=price(size.get("price_monthly")),
    )  # fmt: skip
    terabytes = price(size.get("transfer"))
    return Machine(
        row,
        size["vcpus"],
        Decimal(size["memory"]) / 1024,
        "amd64",
        "shared" if size["slug"].startswith("s-") else "dedicated",
        transfer_gib=None if terabytes is None else terabytes * 1000,
    )


def _plan(tier: dict[str, Any], url: str, today: date) -> Plan:
    # a free plan's price is a real zero, not a missing one
    usd = Decimal(tier["monthly_price_in_cents"]) / 100
    sku = f"docr.{tier['slug']}"
    row = Row("digitalocean", sku, "registry", EVERYWHERE, "month", usd, url, today, "refreshed")
    overage = price(tier.get("storage_overage_price_in_cents"))
    return Plan(
        row,
        tier.get("included_repositories") or None,
        Decimal(tier["included_storage_bytes"]) / 2**30,
        None if overage is None else overage / 100,
    )
