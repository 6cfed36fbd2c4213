"""Alibaba Cloud's international ECS list in USD: public, without sizes, so known types only.

The lists of aliyun.com are in CNY and priced differently: they are never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from clouddeploy.prices.cache import Item
from clouddeploy.prices.catalog import Catalog, Machine
from clouddeploy.prices.sources.web import price, read_json, unreadable

URL = "https://g.alicdn.com"
PATH = "/aliyun/ecs-price-info-intl/2.0.421/price/download/instancePrice.json"


def fetch(base: str, catalog: Catalog, today: date) -> Iterator[Item]:
    """The hourly prices of the machine types that the catalogue knows, in all of its regions."""
    url = base + PATH
    answer = read_json(url)
    listed = answer.get("pricingInfo")
    if not isinstance(listed, dict):
        raise unreadable(url, "it has no pricingInfo")
    if answer.get("currency", "USD") != "USD":
        raise unreadable(url, f"it is in {answer['currency']}")
    known: dict[str, Machine] = {machine.name: machine for machine in catalog.all_machines("alibaba")}
    for key, terms in listed.items():
        region, name, network, system, storage = (*key.split("::"), "", "", "", "", "")[:5]
        hours = terms.get("hours") or [{}]
        usd = price(hours[0].get("price"))
        if name in known and usd is not None and (network, system, storage) == ("vpc", "linux", "optimized"):
            machine = known[name]
            row = replace(machine.row, region=region, usd=usd, source=url, as_of=today, note="")
            yield replace(machine, row=replace(row, confidence="refreshed"))
