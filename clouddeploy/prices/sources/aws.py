"""AWS Price List bulk files: public, one CSV per service and region, read as a stream.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api.html
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date

from clouddeploy.prices.cache import Item
from clouddeploy.prices.catalog import Catalog, Machine, Row
from clouddeploy.prices.sources.web import lines, opened, price, unreadable

URL = "https://pricing.us-east-1.amazonaws.com"
REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-1", "ap-northeast-2")

# (product family, another column, its value or ending) -> our name, kind, unit
_THINGS = (
    ("Storage", "Volume API Name", "gp3", "ebs.gp3", "block", "GiB-month"),
    ("NAT Gateway", "usageType", "NatGateway-Hours", "nat.hour", "nat", "hour"),
    ("NAT Gateway", "usageType", "NatGateway-Bytes", "nat.gb", "nat", "GB"),
    ("Load Balancer-Network", "usageType", "LoadBalancerUsage", "nlb.hour", "lb", "hour"),
    ("Load Balancer-Network", "usageType", "LCUUsage", "nlb.nlcu", "lb", "NLCU-hour"),
)
_MACHINE = {
    "Product Family": "Compute Instance", "Operating System": "Linux", "Pre Installed S/W": "NA",
    "CapacityStatus": "Used", "Tenancy": "Shared", "MarketOption": "OnDemand",
}  # fmt: skip


def fetch(base: str, catalog: Catalog, today: date) -> Iterator[Item]:
    """The on-demand prices of machines, disks, NAT and load balancers."""
    pods = {machine.name: machine.max_pods for machine in catalog.all_machines("aws")}
    for region in REGIONS:
        for service in ("AmazonEC2", "AWSELB"):
            url = f"{base}/offers/v1.0/aws/{service}/current/{region}/index.csv"
            for record in _records(url):
                item = _item(record, region, url, today, pods)
                if item:
                    yield item


def _records(url: str) -> Iterator[dict[str, str]]:
    """The rows below the lines of metadata, on-demand ones with a price in USD only."""
    with opened(url) as answer:
        found = lines(answer)
        heading = next((line for line in found if line.startswith('"SKU"')), None)
        if heading is None:
            raise unreadable(url, "it has no heading")
        for record in csv.DictReader(found, next(csv.reader([heading]))):
            if record.get("TermType") == "OnDemand" and record.get("Currency") == "USD":
                yield record


def _item(
    record: Mapping[str, str], region: str, url: str, today: date, pods: Mapping[str, int | None]
) -> Item | None:
    usd = price(record.get("PricePerUnit"))
    if usd is None:
        return None

    def row(sku: str, kind: str, unit: str) -> Row:
        return Row("aws", sku, kind, region, unit, usd, url, today, "refreshed")

    if all(record.get(column, wanted) == wanted for column, wanted in _MACHINE.items()):
        return _machine(record, row(record["Instance Type"], "node", "hour"), pods)
    for family, column, ending, sku, kind, unit in _THINGS:
        if record.get("Product Family") == family and (record.get(column) or "").endswith(ending):
            return row(sku, kind, unit)
    return None


def _machine(record: Mapping[str, str], row: Row, pods: Mapping[str, int | None]) -> Machine | None:
    memory = price(record["Memory"].removesuffix(" GiB").replace(",", ""))
    if memory is None or record.get("GPU") or "metal" in row.sku:
        return None
    arm = "Graviton" in record.get("Physical Processor", "")
    family = row.sku.partition(".")[0]
    cpu_class = "burstable" if family.startswith("t") else "flex" if family.endswith("-flex") else "dedicated"
    return Machine(
        row, int(record["vCPU"]), memory, "arm64" if arm else "amd64", cpu_class, pods.get(row.sku)
    )
