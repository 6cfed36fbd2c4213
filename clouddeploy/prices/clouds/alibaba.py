"""How Alibaba Cloud ACK is billed (alibabacloud.com/help/en/ack, international list in USD)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from clouddeploy.prices.allocatable import ack
from clouddeploy.prices.bill import Charge
from clouddeploy.prices.clouds.base import (
    Cloud,
    Control,
    Site,
    amounts,
    free_note,
    lasting,
    node_charge,
    version_notes,
    volume_charge,
)

BASIC = Control("Basic", None, max_nodes=10)
PRO = Control("Pro", Decimal("99.95"))

MIN_VOLUME_GIB = 20
"""ACK's smallest volume: https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/disk-volumes

The smallest ESSD PL0 has 1 GiB: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-createdisk
"""
_FREE_EGRESS_GB = Decimal(200)


def _charges(site: Site, control: Control) -> Sequence[Charge]:
    price = site.price
    disk = price("cloud_essd.PL0")
    return [
        Charge(
            "control plane", f"ACK {control.title}", price(f"ack.{control.title.lower()}"), amounts(hours=1)
        ),
        node_charge(site),
        Charge("node disks", "ESSD PL0 system disks", disk, amounts(node_disk=site.nodes)),
        volume_charge("ESSD PL0 volumes", disk, site, MIN_VOLUME_GIB),
        Charge("load balancers", "NLB instance", price("nlb.instance"), amounts(lb_hours=1)),
        Charge("load balancers", "NLB capacity (1 GB each)", price("nlb.lcu"), amounts(lb_gb=1)),
        Charge("load balancers", "API server's CLB", price("clb.instance"), amounts(hours=1)),
        Charge("addresses", "EIPs of load balancers", price("eip.retention"), amounts(lb_hours=1)),
        *_nat(site),
        *_registry(site),
        Charge(
            "egress",
            "data transfer out",
            price("egress.bgp"),
            amounts(egress_gb=1, not_first=_FREE_EGRESS_GB),
            free=_FREE_EGRESS_GB,
            note=free_note(_FREE_EGRESS_GB, site) + ", with CDT; all at the one tier's price that is known",
        ),
    ]


def _nat(site: Site) -> Sequence[Charge]:
    if not site.wishes.private:
        return []
    return [
        Charge("NAT", "Internet NAT gateway", site.price("nat.internet.instance"), amounts(hours=1)),
        Charge("NAT", "NAT capacity units", site.price("nat.internet.cu"), amounts(hours=1)),
        Charge("NAT", "EIP of the NAT gateway", site.price("eip.retention"), amounts(hours=1)),
    ]


def _registry(site: Site) -> Sequence[Charge]:
    """ACR Personal promises nothing: an SLA asks for the Enterprise Edition."""
    if site.wishes.sla is None and not site.wishes.paid_registry:
        return [Charge("registry", "ACR Personal", site.price("acr.personal"), amounts(month=1))]
    row = site.price("acr.ee.basic", _registry_area(site.region))
    return [Charge("registry", "ACR Enterprise Basic", row, amounts(month=1), note="plus OSS storage")]


def _registry_area(region: str) -> str:
    if region.startswith(("us-", "eu-", "na-")):
        return "europe-americas"
    if region.startswith(("me-", "ap-south-")):
        return "middle-east-india"
    return "china" if region.startswith("cn-") and region != "cn-hongkong" else "asia-pacific"


def _notes(site: Site, control: Control) -> Sequence[str]:
    found = [*lasting(site), *version_notes("alibaba", site.wishes)]
    found.append("the API server's load balancer is billed to you; its price was not found")
    if control is BASIC:
        found.append("ACK Basic ends at 10 nodes and promises no SLA")
    if site.wishes.sla is None and not site.wishes.paid_registry:
        found.append("ACR Personal has quotas and no SLA")
    return found


CLOUD = Cloud(
    name="alibaba", title="Alibaba ACK", room=ack, controls=(BASIC, PRO), charges=_charges, notes=_notes
)
