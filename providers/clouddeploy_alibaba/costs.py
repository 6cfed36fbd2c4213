"""What Alibaba Cloud charges, as far as it is known; a dated table, asked of nobody.

Prices of the international site in USD, pay-as-you-go, without tax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clouddeploy.contract import ClusterSpec, Cost
from clouddeploy.errors import CloudDeployError
from clouddeploy_alibaba.machines import choose

HOURS = Decimal(730)
"""In a month."""

DISK_GIB = 40
"""A node's system disk."""

AS_OF = "2026-09-28"
ACK_SOURCE = "https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/product-overview/ack-pro-cluster-billing"
PRO_HOUR = Decimal("0.09")
"""USD for an hour of a Pro cluster in any region; Basic is free. As of 2026-03-26."""


@dataclass(frozen=True)
class Node:
    """An instance type's price for an hour."""

    name: str
    region: str
    usd: Decimal


NODES = (
    Node("ecs.e-c1m2.xlarge", "us-east-1", Decimal("0.0838")),
    Node("ecs.t6-c1m4.xlarge", "us-east-1", Decimal("0.143")),
    Node("ecs.c9i.xlarge", "us-east-1", Decimal("0.1463")),
)
"""Source: ECS price data of the international site (g.alicdn.com/aliyun/ecs-price-info-intl/2.0.421)."""

_SMALLER = (
    Node("ecs.c9i.large", "us-east-1", Decimal("0.07315")),
    Node("ecs.c9i.large", "ap-southeast-6", Decimal("0.0855")),
    Node("ecs.c9i.large", "cn-hongkong", Decimal("0.097872")),
    Node("ecs.g9i.large", "ap-southeast-6", Decimal("0.1024")),
)
"""Priced when a target asks for them, not chosen: half of ecs.c9i.xlarge in us-east-1, else read from
the console in 2026-06 (cn-hongkong) and 2026-09 (ap-southeast-6, approximate)."""

_ESSD_PL0 = Decimal("0.077")
"""USD for a GiB-month in us-east-1: 0.01055 for an hour of 100 GB, from the price data above."""

_NAT_HOUR = Decimal("0.043")
_NAT_HOUR_MAINLAND = Decimal("0.034")
"""USD for an hour of an internet NAT gateway, without its capacity units.
Source: https://www.alibabacloud.com/help/en/nat-gateway/latest/billing-of-internet-nat-gateways"""


def disk_month(gib: int, level: str, region: str) -> Decimal | None:
    """A pay-as-you-go ESSD's month in USD; None for other levels than PL0, and in mainland China.

    Only us-east-1's price is known. It stands for every region outside mainland China, which has a
    price list of its own.
    """
    return None if level != "PL0" or mainland(region) else gib * _ESSD_PL0


def gateway_month(region: str) -> Decimal:
    """A NAT gateway's month in USD; a region outside mainland China pays what us-east-1 pays."""
    return (_NAT_HOUR_MAINLAND if mainland(region) else _NAT_HOUR) * HOURS


def mainland(region: str) -> bool:
    """Whether a region is in mainland China."""
    return region.startswith("cn-") and region != "cn-hongkong"


def known_machines(region: str) -> list[str]:
    """Instance types with a price, the cheapest first; in the region, else anywhere."""
    here = [node for node in NODES if node.region == region] or list(NODES)
    return [node.name for node in sorted(here, key=lambda node: node.usd)]


def costs(
    spec: ClusterSpec, region: str, *, nodes: int, pro: bool, machine: str | None = None
) -> Sequence[Cost]:
    """What the cluster would cost; None for what is not in the table.

    Without `machine`, the instance type that is likely: the smallest that fits of those with a price.
    """
    machine = machine or _machine(spec)
    price, source = node_price(machine, region)
    disk = disk_month(DISK_GIB, "PL0", region)
    return (
        Cost(
            "control plane", PRO_HOUR * HOURS if pro else Decimal(0), "ACK Pro" if pro else "ACK Basic, free"
        ),
        Cost(
            f"{nodes} nodes",
            price * HOURS * nodes if price else None,
            f"{machine}, prices of {source}{AS_OF}",
            machine,
            nodes,
            DISK_GIB,
        ),
        Cost("system disks", None if disk is None else disk * nodes, f"{nodes} x {DISK_GIB} GiB ESSD PL0"),
        Cost("load balancer of the API server", None, "CLB instance, its public address and their use"),
        Cost("traffic out of the nodes", None, "paid by use"),
        Cost("registry", None, "the ACR Enterprise Edition instance that is there; not made by clouddeploy"),
    )


def node_price(machine: str, region: str) -> tuple[Decimal | None, str]:
    """USD for an hour, and the region it is of when that is another one, else "".

    Outside mainland China a region without a price of its own gets one of its area (Asia, the rest),
    else any that is known. In mainland China, which has a price list of its own, it gets None.
    """
    known = [one for one in (*NODES, *_SMALLER) if one.name == machine]
    if mainland(region) or not known:
        return None, ""
    best = min(known, key=lambda one: (one.region != region, _asian(one.region) != _asian(region)))
    return best.usd, "" if best.region == region else f"{best.region}, "


def _asian(region: str) -> bool:
    return region.startswith(("ap-", "cn-"))


def _machine(spec: ClusterSpec) -> str:
    if spec.machine:
        return spec.machine
    try:
        return choose(
            [node.name for node in NODES if ".t6" not in node.name] + _LARGER, spec, known_machines("")
        )
    except CloudDeployError:
        return "the smallest that fits"


_LARGER = [
    f"ecs.{family}.{size}" for family in ("c9i", "g9i", "r9i") for size in ("2xlarge", "4xlarge", "8xlarge")
]
