"""How Amazon EKS is billed (aws.amazon.com/eks/pricing, ec2, elasticloadbalancing, vpc, ecr)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from clouddeploy.prices.allocatable import eks
from clouddeploy.prices.bill import Charge
from clouddeploy.prices.catalog import Machine
from clouddeploy.prices.clouds.base import (
    Cloud,
    Control,
    Site,
    amounts,
    free_note,
    lasting,
    node_charge,
    version_charges,
    version_notes,
    volume_charge,
)
from clouddeploy.prices.features import Support, support
from clouddeploy.prices.words import usd

_FREE_EGRESS_GB = 100
_TIERS: Sequence[tuple[str, str, int, int | None]] = (
    ("first10TB", "first 10 TB", _FREE_EGRESS_GB, 10_240),
    ("next40TB", "next 40 TB", 10_240, 51_200),
    ("next100TB", "next 100 TB", 51_200, 153_600),
    ("over150TB", "over 150 TB", 153_600, None),
)
"""GB a month, summed over an account: https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer"""
AUTO_DISK_GIB = 80
"""The disk of an Auto Mode node: https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html"""
_AUTO_FEE = "eks.auto_mode.fee_pct"
_EXTENDED = "eks.control_plane.extended_support_addon"


def _charges(site: Site, _: Control) -> Sequence[Charge]:
    nodes, zones = site.nodes, site.assumed.zones
    price = site.price
    return [
        Charge("control plane", "EKS cluster", price("eks.control_plane.standard"), amounts(hours=1)),
        *version_charges(site, "extended support of", _EXTENDED),
        node_charge(site),
        *_auto_mode(site),
        _root_disks(site),
        volume_charge("gp3 volumes", price("ebs.gp3"), site),
        Charge("load balancers", "NLB", price("nlb.hour"), amounts(lb_hours=1)),
        Charge("load balancers", "NLB capacity (1 GB/h each)", price("nlb.nlcu"), amounts(lb_gb=1)),
        *_network(site, nodes, zones),
        Charge("registry", "ECR storage", price("ecr.private"), amounts(registry_gb=1)),
        *_egress(site),
    ]


def _egress(site: Site) -> Sequence[Charge]:
    """A line for each tier; the free GB are a part of the first.

    They are an account's: with other clusters they are taken as used up, and the tiers start behind them.
    """
    return [
        Charge(
            "egress",
            f"data transfer out, {title}",
            site.price(f"egress.internet.{sku}"),
            amounts(egress_gb=1, not_first=_FREE_EGRESS_GB),
            free=Decimal(start),
            most=None if end is None else Decimal(end - start),
            note=free_note(_FREE_EGRESS_GB, site) if start == _FREE_EGRESS_GB else "",
        )
        for sku, title, start, end in _TIERS
    ]


def _auto_mode(site: Site) -> Sequence[Charge]:
    """Auto Mode adds a share of the on-demand price to each node, also to spot and committed ones."""
    fee, node = site.price(_AUTO_FEE), site.machine.row.usd
    if not site.wishes.auto or fee.usd is None:
        return []
    usd, note = None if node is None else fee.usd * node, f"{fee.usd * 100:.0f} % of the on-demand price"
    row = replace(fee, unit="hour", usd=None)
    return [Charge("nodes", "Auto Mode fee", row, amounts(hours=site.nodes), usd=usd, note=note)]


def _root_disks(site: Site) -> Charge:
    """Auto Mode gives a node the disk of its own node class, whatever is assumed of other clusters."""
    row, title = site.price("ebs.gp3"), "gp3 root disks"
    if not site.wishes.auto:
        return Charge("node disks", title, row, amounts(node_disk=site.nodes))
    note = f"{AUTO_DISK_GIB} GiB each, which Auto Mode's own node class has"
    return Charge("node disks", title, row, amounts(month=AUTO_DISK_GIB * site.nodes), note=note)


def _auto_takes(machine: Machine) -> bool:
    """Whether Auto Mode's general-purpose pool has a type: families c, m and r from generation 5 on, amd64.

    https://docs.aws.amazon.com/eks/latest/userguide/set-builtin-node-pools.html; more than one CPU:
    https://docs.aws.amazon.com/eks/latest/userguide/automode-learn-instances.html
    """
    family = re.match(r"[cmr]([0-9]+)", machine.name)
    return family is not None and int(family[1]) >= 5 and machine.cpus > 1 and machine.arch == "amd64"


def _network(site: Site, nodes: int, zones: int) -> Sequence[Charge]:
    """Public nodes have an address each; private ones share a NAT gateway (and its address) per zone."""
    address = site.price("public_ipv4")
    balancers = Charge("addresses", "public IPv4 of load balancers", address, amounts(lb_hours=zones))
    if not site.wishes.private:
        return [balancers, Charge("addresses", "public IPv4 of nodes", address, amounts(hours=nodes))]
    return [
        balancers,
        Charge("addresses", "public IPv4 of NAT gateways", address, amounts(hours=zones)),
        Charge("NAT", f"NAT gateways in {zones} zones", site.price("nat.hour"), amounts(hours=zones)),
        Charge(
            "NAT",
            "NAT traffic",
            site.price("nat.gb"),
            amounts(egress_gb=1),
            note="taking all egress through it",
        ),
    ]


def _notes(site: Site, _: Control) -> Sequence[str]:
    found = [*lasting(site), *(_dearer(site, note) for note in version_notes("aws", site.wishes))]
    fee = site.price(_AUTO_FEE).usd
    if not site.wishes.auto and fee is not None:
        more = f"{fee * 100:.0f} % more"
        found.append(f"clouddeploy cluster create has Auto Mode make the nodes, at {more}: see --auto")
    if site.wishes.version and support("aws", site.wishes.version, site.wishes.today) is Support.EXTENDED:
        found.append(_dearer(site, f"Kubernetes {site.wishes.version} is in extended support"))
    return found


def _dearer(site: Site, note: str) -> str:
    """With what the control plane costs once standard support has ended; extended support is the default."""
    standard, more = site.price("eks.control_plane.standard"), site.price(_EXTENDED)
    if "leaves standard" not in note or standard.usd is None or more.usd is None:
        return note
    before, after = (usd(fee * site.assumed.hours) for fee in (standard.usd, standard.usd + more.usd))
    return (
        f"{note}: the control plane then costs {after} instead of {before} a month, unless it is upgraded, "
        "which clouddeploy has EKS do"
    )


CLOUD = Cloud(
    name="aws",
    title="Amazon EKS",
    room=eks,
    controls=(Control("EKS", Decimal("99.95")),),
    charges=_charges,
    notes=_notes,
    auto=_auto_takes,
)
