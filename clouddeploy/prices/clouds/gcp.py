"""How Google Kubernetes Engine is billed (cloud.google.com/kubernetes-engine/pricing, vpc, compute)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from clouddeploy.prices.allocatable import gke
from clouddeploy.prices.bill import Charge
from clouddeploy.prices.catalog import Machine
from clouddeploy.prices.clouds.base import (
    Cloud,
    Control,
    Site,
    amounts,
    lasting,
    node_charge,
    version_charges,
    version_notes,
    volume_charge,
)
from clouddeploy.prices.words import usd

ZONAL = Control("zonal", Decimal("99.5"))
REGIONAL = Control("regional", Decimal("99.95"), min_nodes=3)

MIN_VOLUME_GIB = 10
"""The smallest balanced disk: https://cloud.google.com/compute/docs/disks"""

_HYPERDISK_ONLY = frozenset({"c4", "c4a", "c4d", "n4", "n4a", "n4d"})
"""Families that take no persistent disk: https://cloud.google.com/compute/docs/general-purpose-machines"""

_US = "us-central1"
_TIERS = (("0-1TB", 0, 1024), ("1-10TB", 1024, 9216), ("10TB+", 10240, None))


def _charges(site: Site, control: Control) -> Sequence[Charge]:
    price, elsewhere = site.price, (_US,) if site.region.startswith("us-") else ()
    disk = disk_type(site.machine)
    return [
        Charge(
            "control plane",
            f"GKE cluster, {control.title}",
            price("gke.cluster_management"),
            amounts(hours=1),
        ),
        *_credit(site, control),
        *version_charges(site, "extended channel for", "gke.extended_channel_addon"),
        node_charge(site),
        Charge("node disks", f"{disk} boot disks", price(disk), amounts(node_disk=site.nodes)),
        volume_charge(f"{disk} volumes", price(disk), site, MIN_VOLUME_GIB),
        Charge(
            "load balancers",
            "forwarding rules, first five",
            price("lb.forwarding_rule.first5", *elsewhere),
            amounts(rule_hours=1),
        ),
        Charge(
            "load balancers",
            "further forwarding rules",
            price("lb.forwarding_rule.additional", *elsewhere),
            amounts(extra_rule_hours=1),
        ),
        Charge("load balancers", "data processed", price("lb.data_processed", *elsewhere), amounts(lb_gb=1)),
        *_network(site),
        Charge("registry", "Artifact Registry storage", price("artifact-registry"), amounts(registry_gb=1)),
        *_egress(site),
    ]


def disk_type(machine: Machine) -> str:
    """The balanced disk that a machine type takes, as its nodes boot from and its volumes are made of."""
    return "hyperdisk-balanced" if machine.name.partition("-")[0] in _HYPERDISK_ONLY else "pd-balanced"


def _autopilot(site: Site) -> Sequence[Charge]:
    """Pods by what they request: no nodes, disks or DaemonSets."""
    price, demand = site.price, site.demand
    cpu, memory = Decimal(demand.cpu) / 1000, Decimal(demand.memory) / 1024
    vcpu, gib = price("gke.autopilot.vcpu"), price("gke.autopilot.gib")
    shared = [
        one for one in _charges(site, ZONAL) if one.kind not in ("nodes", "node disks", "addresses", "NAT")
    ]
    return [
        *shared,
        Charge("nodes", "Autopilot vCPU", vcpu, amounts(hours=cpu), note="what pods request"),
        Charge("nodes", "Autopilot memory", gib, amounts(hours=memory), note="what pods request"),
    ]


def _credit(site: Site, control: Control) -> Sequence[Charge]:
    """The monthly credit of a billing account pays for one zonal cluster, never for more than it costs."""
    if control is not ZONAL:
        return []
    credit, fee = site.price("gke.free_tier_credit"), site.price("gke.cluster_management")
    if credit.usd is None or fee.usd is None:
        return []
    return [
        Charge(
            "control plane",
            "free tier credit",
            replace(credit, unit=fee.unit),
            amounts(first_hours=1),
            usd=-fee.usd,
            cap=-credit.usd,
            note="one zonal cluster per billing account",
        )
    ]


def _network(site: Site) -> Sequence[Charge]:
    if not site.wishes.private:
        row = site.price("external_ip.vm")
        return [Charge("addresses", "external IPv4 of nodes", row, amounts(hours=site.nodes))]
    return [
        Charge("NAT", "Cloud NAT per node", site.price("cloud_nat.vm"), amounts(hours=min(site.nodes, 32))),
        Charge("NAT", "Cloud NAT address", site.price("cloud_nat.ip"), amounts(hours=1)),
        Charge(
            "NAT",
            "NAT traffic",
            site.price("cloud_nat.gib"),
            amounts(egress_gb=1),
            note="taking all egress through it",
        ),
    ]


def _egress(site: Site) -> Sequence[Charge]:
    return [
        Charge(
            "egress",
            f"premium tier, {name}",
            site.price(f"egress.premium.{name}"),
            amounts(egress_gb=1),
            free=Decimal(start),
            most=None if size is None else Decimal(size),
        )
        for name, start, size in _TIERS
    ]


def _notes(site: Site, control: Control) -> Sequence[str]:
    found = [*lasting(site), *version_notes("gcp", site.wishes)]
    if site.demand.volumes and disk_type(site.machine) != "pd-balanced":
        found.append(
            f"{site.machine.name} takes no persistent disk, which the class of the app's volumes makes: "
            "a volume cannot be attached there"
        )
    if control is REGIONAL:
        found.append(
            "a regional cluster's default pool is nine nodes unless a number is sent, and has no free tier"
        )
    elif site.wishes.first and (fee := site.price("gke.cluster_management").usd) is not None:
        found.append(
            "the free tier pays one zonal cluster per billing account; "
            f"the next one costs {usd(fee * site.assumed.hours)} more"
        )
    return found


CLOUD = Cloud(
    name="gcp",
    title="Google GKE",
    room=gke,
    controls=(ZONAL, REGIONAL),
    charges=_charges,
    notes=_notes,
    serverless=_autopilot,
    disk=disk_type,
)
