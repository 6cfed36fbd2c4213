"""AWS Price List bulk files: public, one CSV per service and region, read as a stream.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api.html
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from clouddeploy.prices.cache import Item
from clouddeploy.prices.catalog import Catalog, Machine, Row
from clouddeploy.prices.sources.eni import max_pods
from clouddeploy.prices.sources.web import lines, opened, price, unreadable

URL = "https://pricing.us-east-1.amazonaws.com"
REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-1", "ap-northeast-2")

_REGION_CODE = r"(?:[A-Z]+[0-9]*-)?"
"""What usage types begin with outside us-east-1, and some there too: EUC1-LCUUsage."""


@dataclass(frozen=True)
class Thing:
    """A billed thing: its list, usage type and our name; `family` where those are not enough.

    `start` is where its tier begins, in its unit.
    """

    service: str
    usage: str
    sku: str
    kind: str
    unit: str
    family: str = ""
    start: str = "0"

    def matches(self, service: str, record: Mapping[str, str]) -> bool:
        """Whether a row is this thing's price, in this tier."""
        return (
            self.service == service
            and (record.get("StartingRange") or "0") == self.start
            and self.family in ("", record.get("Product Family"))
            and re.fullmatch(_REGION_CODE + re.escape(self.usage), record.get("usageType") or "") is not None
        )


_NETWORK = "Load Balancer-Network"
_OUT = "DataTransfer-Out-Bytes"
_EGRESS = {"first10TB": "0", "next40TB": "10240", "next100TB": "51200", "over150TB": "153600"}
"""Where the tiers of data transfer out begin, in GB a month."""
_THINGS = (
    Thing("AmazonEKS", "AmazonEKS-Hours:perCluster", "eks.control_plane.standard", "control_plane", "hour"),
    Thing(
        "AmazonEKS", "AmazonEKS-Hours:extendedSupport", "eks.control_plane.extended_support_addon",
        "control_plane", "hour",
    ),
    Thing("AmazonEC2", "EBS:VolumeUsage.gp3", "ebs.gp3", "block", "GiB-month", "Storage"),
    Thing("AmazonEC2", "NatGateway-Hours", "nat.hour", "nat", "hour", "NAT Gateway"),
    Thing("AmazonEC2", "NatGateway-Bytes", "nat.gb", "nat", "GB", "NAT Gateway"),
    Thing("AWSELB", "LoadBalancerUsage", "nlb.hour", "lb", "hour", _NETWORK),
    Thing("AWSELB", "LCUUsage", "nlb.nlcu", "lb", "NLCU-hour", _NETWORK),
    Thing("AmazonVPC", "PublicIPv4:InUseAddress", "public_ipv4", "ip", "hour"),
    Thing("AmazonECR", "TimedStorage-ByteHrs", "ecr.private", "registry", "GB-month"),
    *(
        Thing("AWSDataTransfer", _OUT, f"egress.internet.{one}", "egress", "GB", start=start)
        for one, start in _EGRESS.items()
    ),
)  # fmt: skip
_SERVICES = tuple(dict.fromkeys(thing.service for thing in _THINGS))
_MACHINE = {
    "Product Family": "Compute Instance", "Operating System": "Linux", "Pre Installed S/W": "NA",
    "CapacityStatus": "Used", "Tenancy": "Shared", "MarketOption": "OnDemand", "Unit": "Hrs",
}  # fmt: skip
_RESERVED = {"PurchaseOption": "No Upfront", "OfferingClass": "standard"}
_TERMS = {"1yr": "1y", "3yr": "3y"}


def fetch(base: str, catalog: Catalog, today: date) -> Iterator[Item]:
    """The prices of machines (on demand and reserved) and of all else that is in a bill.

    A machine type whose number of pods is not known is left out: what fits on it could only be guessed.
    """
    known = {machine.name: machine.max_pods for machine in catalog.all_machines("aws")}
    pods = {**max_pods(), **{name: number for name, number in known.items() if number}}
    for region in REGIONS:
        for service in _SERVICES:
            url = f"{base}/offers/v1.0/aws/{service}/current/{region}/index.csv"
            for record in _records(url, region):
                item = _item(
                    service, record, Row("aws", "", "", region, "", None, url, today, "refreshed"), pods
                )
                if item:
                    yield item


def _records(url: str, region: str) -> Iterator[dict[str, str]]:
    """The rows below the lines of metadata that have a price in USD and are of the region itself.

    The files may have rows of the region's Local Zones, and of other regions.
    """
    with opened(url) as answer:
        found = lines(answer)
        heading = next((line for line in found if line.startswith('"SKU"')), None)
        if heading is None:
            raise unreadable(url, "it has no heading")
        for record in csv.DictReader(found, next(csv.reader([heading]))):
            where = record.get("Region Code") or record.get("From Region Code") or region
            if record.get("Currency") == "USD" and where == region:
                yield record


def _item(service: str, record: Mapping[str, str], row: Row, pods: Mapping[str, int]) -> Item | None:
    usd, on_demand = price(record.get("PricePerUnit")), record.get("TermType") == "OnDemand"
    if usd is None:
        return None
    if service == "AmazonEC2" and all(record.get(name, value) == value for name, value in _MACHINE.items()):
        if not on_demand:
            return _reserved(record, row, usd)
        return _machine(record, _named(row, record["Instance Type"], "node", "hour", usd), pods)
    thing = next((one for one in _THINGS if one.matches(service, record)), None) if on_demand else None
    return _named(row, thing.sku, thing.kind, thing.unit, usd) if thing else None


def _named(row: Row, sku: str, kind: str, unit: str, usd: Decimal) -> Row:
    return replace(row, sku=sku, kind=kind, unit=unit, usd=usd)


def _reserved(record: Mapping[str, str], row: Row, usd: Decimal) -> Row | None:
    """A standard reserved instance without payment in advance, by the hour."""
    term = _TERMS.get(record.get("LeaseContractLength", ""))
    if term is None or any(record.get(column) != wanted for column, wanted in _RESERVED.items()):
        return None
    return _named(row, f"{record['Instance Type']}.commit.{term}", "commitment", "hour", usd)


def _machine(record: Mapping[str, str], row: Row, pods: Mapping[str, int]) -> Machine | None:
    memory = price(record["Memory"].removesuffix(" GiB").replace(",", ""))
    if memory is None or record.get("GPU") or row.sku not in pods:
        return None
    arm = "Graviton" in record.get("Physical Processor", "")
    family = row.sku.partition(".")[0]
    cpu_class = "burstable" if family.startswith("t") else "flex" if family.endswith("-flex") else "dedicated"
    return Machine(row, int(record["vCPU"]), memory, "arm64" if arm else "amd64", cpu_class, pods[row.sku])
