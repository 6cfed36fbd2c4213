"""How Amazon EKS is billed (aws.amazon.com/eks/pricing, ec2, elasticloadbalancing, vpc, ecr)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from clouddeploy.prices.allocatable import eks
from clouddeploy.prices.bill import Charge
from clouddeploy.prices.clouds.base import Cloud, Control, Site, amounts, lasting, node_charge
from clouddeploy.prices.features import Support, support, versions

_FREE_EGRESS_GB = Decimal(100)
_SOON_DAYS = 60


def _charges(site: Site, _: Control) -> Sequence[Charge]:
    nodes, zones = site.nodes, site.assumed.zones
    price = site.price
    return [
        Charge("control plane", "EKS cluster", price("eks.control_plane.standard"), amounts(hours=1)),
        *_extended(site),
        node_charge(site),
        Charge("node disks", "gp3 root disks", price("ebs.gp3"), amounts(node_disk=nodes)),
        Charge("volumes", "gp3 volumes", price("ebs.gp3"), amounts(volume_gib=1)),
        Charge("load balancers", "NLB", price("nlb.hour"), amounts(lb_hours=1)),
        Charge("load balancers", "NLB capacity (1 GB/h each)", price("nlb.nlcu"), amounts(lb_gb=1)),
        *_network(site, nodes, zones),
        Charge("registry", "ECR storage", price("ecr.private"), amounts(registry_gb=1)),
        Charge(
            "egress",
            "data transfer out",
            price("egress.internet.first10TB"),
            amounts(egress_gb=1),
            free=_FREE_EGRESS_GB,
            note=f"first {_FREE_EGRESS_GB} GB free, once per account",
        ),
    ]


def _extended(site: Site) -> Sequence[Charge]:
    version = site.wishes.version
    if version is None or support("aws", version, site.wishes.today) is not Support.EXTENDED:
        return []
    row = site.price("eks.control_plane.extended_support_addon")
    return [Charge("control plane", f"extended support of {version}", row, amounts(hours=1))]


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
    today, found = site.wishes.today, list(lasting(site))
    for one in versions("aws"):
        days = (one.until - today).days if one.until and one.standard else -1
        if 0 <= days <= _SOON_DAYS:
            when = f"Kubernetes {one.minor} leaves standard support on {one.until} (in {days} days)"
            found.append(f"{when}: the control plane costs six times as much then, unless upgraded")
    return found


CLOUD = Cloud(
    name="aws",
    title="Amazon EKS",
    room=eks,
    controls=(Control("EKS", Decimal("99.95")),),
    charges=_charges,
    notes=_notes,
)
