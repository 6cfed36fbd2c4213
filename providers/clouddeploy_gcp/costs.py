"""What a cluster costs, from a short dated list of Google's list prices in USD without tax.

Sources, as of the dates: cloud.google.com/kubernetes-engine/pricing and cloud.google.com/vpc/network-pricing
(1 October 2026), Cloud Billing Catalog by way of public copies (July 2026: machine types, disks, addresses),
infracost's golden files (Artifact Registry). `clouddeploy compare` has more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from clouddeploy.contract import ClusterSpec, Cost
from clouddeploy_gcp import choices

HOURS = Decimal(730)
CLUSTER_HOUR = Decimal("0.10")
ADDRESS_HOUR = Decimal("0.005")
FORWARDING_HOUR = Decimal("0.025")
"""One flat price covers the first five forwarding rules of a project."""
IMAGES_GB = Decimal("0.10")
AS_OF = "2026-10-01"

_REGIONS = ("us-east1", "europe-west3", "asia-southeast1", "asia-northeast3")
_DISK_GIB: Mapping[str, tuple[str, ...]] = {
    "pd-balanced": ("0.10", "0.12", "0.11", "0.13"),
    "pd-standard": ("0.040", "0.048", "0.044", "0.052"),
    "pd-ssd": ("0.170", "0.204", "0.187", "0.221"),
}
_MACHINE_HOUR: Mapping[str, tuple[str, ...]] = {
    "e2-small": ("0.016752855", "0.02158389", "0.020666535", "0.02149143"),
    "e2-medium": ("0.03350571", "0.04316778", "0.04133307", "0.04298286"),
    "e2-standard-2": ("0.06701142", "0.08633556", "0.08266614", "0.08596572"),
    "e2-standard-4": ("0.13402284", "0.17267112", "0.16533228", "0.17193144"),
    "e2-highcpu-2": ("0.04947024", "0.06373944", "0.0610305", "0.06353106"),
    "e2-highcpu-4": ("0.09894048", "0.12747888", "0.122061", "0.12706212"),
    "n2d-standard-2": ("0.084492", "0.108854", "0.104234", "0.108508"),
    "n4-standard-2": ("0.0907", "0.107026", "0.111896584", "0.116476944"),
    "n4-standard-4": ("0.1814", "0.214052", "0.223793168", "0.232953888"),
}
_SHAPES = {
    "e2-highcpu-2": (2, 2),
    "e2-highcpu-4": (4, 4),
    "e2-standard-2": (2, 8),
    "e2-standard-4": (4, 16),
    "e2-highmem-2": (2, 16),
    "e2-highcpu-8": (8, 8),
    "e2-standard-8": (8, 32),
    "e2-highmem-4": (4, 32),
    "e2-highcpu-16": (16, 16),
    "e2-standard-16": (16, 64),
    "e2-highmem-8": (8, 64),
}
"""vCPUs and GiB of the e2 types: what will be chosen, told without asking."""


def costs(spec: ClusterSpec, region: str) -> Sequence[Cost]:
    """The lines of a month of 730 hours."""
    fee = Cost("GKE cluster fee", _money(CLUSTER_HOUR * HOURS), _credit(spec))
    if choices.autopilot(spec):
        return (fee, Cost("Autopilot pods", None, "billed by the CPU and memory that pods request"))
    count = spec.nodes or choices.NODES
    name = spec.machine or _chosen(spec)
    disk = choices.disk_type(name)
    machine = _price(_MACHINE_HOUR.get(name), region)
    gib = _price(_DISK_GIB.get(disk), region)
    return (
        fee,
        Cost(
            "nodes",
            _money(machine * HOURS * count) if machine else None,
            f"{count} x {name}, {region}",
            name,
            count,
            choices.DISK_GIB,
        ),
        Cost(
            "node disks", _money(gib * choices.DISK_GIB * count) if gib else None, f"{count} x 50 GiB {disk}"
        ),
        Cost("node addresses", _money(ADDRESS_HOUR * HOURS * count), f"{count} public IPv4 addresses"),
    )


def disk_month(kind: str, region: str, gib: int) -> Decimal | None:
    """A persistent disk for a month; None where the list has no price."""
    price = _price(_DISK_GIB.get(kind), region)
    return _money(price * gib) if price else None


def images_month(size: int) -> Decimal:
    """Stored images for a month, `size` in bytes."""
    return _money(IMAGES_GB * size / 10**9)


def address_month() -> Decimal:
    """A reserved or used public IPv4 address for a month."""
    return _money(ADDRESS_HOUR * HOURS)


def forwarding_month() -> Decimal:
    """A load balancer's forwarding rule for a month, the price of the first one."""
    return _money(FORWARDING_HOUR * HOURS)


def _credit(spec: ClusterSpec) -> str:
    if spec.ha and not choices.autopilot(spec):
        return "by the hour, whether used or not"
    return "the free tier's 74.40 USD a month pays for one zonal or Autopilot cluster of a billing account"


def _chosen(spec: ClusterSpec) -> str:
    cpus, memory = spec.cpus or choices.CPUS, spec.memory_gib or choices.MEMORY_GIB
    fitting = [(shape, name) for name, shape in _SHAPES.items() if shape[0] >= cpus and shape[1] >= memory]
    return min(fitting)[1] if fitting else "the smallest machine type that fits"


def _price(row: tuple[str, ...] | None, region: str) -> Decimal | None:
    return Decimal(row[_REGIONS.index(region)]) if row and region in _REGIONS else None


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))
