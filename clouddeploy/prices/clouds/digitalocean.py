"""How DigitalOcean Kubernetes is billed (docs.digitalocean.com/products/kubernetes/details/pricing)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from clouddeploy.prices.allocatable import doks
from clouddeploy.prices.bill import Charge
from clouddeploy.prices.catalog import Plan
from clouddeploy.prices.clouds.base import (
    Cloud,
    Control,
    Keeping,
    Site,
    amounts,
    kept,
    lasting,
    node_charge,
    version_notes,
    volume_charge,
)
from clouddeploy.prices.words import usd

PLAIN = Control("standard", None)
HA = Control("HA", Decimal("99.95"))


def _charges(site: Site, control: Control) -> Sequence[Charge]:
    edition = "doks.control_plane.ha" if control is HA else "doks.control_plane.standard"
    transfer = site.machine.transfer_gib
    return [
        Charge("control plane", f"DOKS, {control.title}", site.price(edition), amounts(month=1)),
        node_charge(site),
        volume_charge("volumes", site.price("volume"), site),
        Charge("load balancers", "regional load balancer", site.price("lb.regional.node"), amounts(lb=1)),
        *_nat(site),
        *kept(site, _keeping(site)).charges,
        Charge(
            "egress",
            "transfer beyond the pool",
            site.price("egress.overage"),
            amounts(egress_gb=1),
            free=(transfer or Decimal(0)) * site.nodes,
            note="the nodes' pooled allowance"
            if transfer
            else "this type's allowance is not known: counted as none",
        ),
    ]


def _worth(site: Site) -> Sequence[int]:
    """The nodes whose pooled transfer just does not and just does hold the egress.

    Between the least number of nodes and these each node changes the bill by the same amount: its
    price less the transfer that it brings. Beyond them it brings nothing.
    """
    transfer = site.machine.transfer_gib
    if not transfer:
        return ()
    filled = int(site.demand.egress_gb // transfer)
    return filled, filled + 1


def _nat(site: Site) -> Sequence[Charge]:
    if not site.wishes.private:
        return []
    return [Charge("NAT", "VPC NAT gateway", site.price("vpc_nat_gateway"), amounts(month=1))]


def _keeping(site: Site) -> Sequence[Keeping]:
    """The registry subscriptions with room for the app's repositories, and an unknown one after them."""
    count = site.demand.repositories
    plans = [
        plan
        for plan in site.catalog.plans("digitalocean")
        if plan.row.usd is not None and (plan.repositories is None or count <= plan.repositories)
    ]
    unknown = Charge("registry", "registry", site.price("docr"), amounts(month=1))
    return [*map(_subscribed, plans), Keeping([unknown])]


def _subscribed(plan: Plan) -> Keeping:
    title = f"{plan.row.sku}, {plan.repositories or 'unlimited'} repositories"
    fee = Charge("registry", title, plan.row, amounts(month=1))
    if plan.overage is None or plan.storage_gib is None:
        return Keeping([fee], plan.storage_gib)
    beyond = Charge(
        "registry",
        "storage beyond the plan",
        replace(plan.row, unit="GiB-month"),
        amounts(registry_gb=1),
        free=plan.storage_gib,
        usd=plan.overage,
    )
    return Keeping([fee, beyond])


def _notes(site: Site, control: Control) -> Sequence[str]:
    found = [*lasting(site), *version_notes("digitalocean", site.wishes)]
    dearer = site.price("doks.control_plane.ha").usd
    if control is PLAIN and dearer is not None:
        found.append(
            f"from 1.36 on the API turns HA on, for good (+{usd(dearer)} a month), unless ha is sent as false"
        )
    starter = next((plan for plan in site.catalog.plans("digitalocean")), None)
    if starter and starter.repositories == 1 and site.demand.repositories > 1:
        count = site.demand.repositories
        found.append(f"the free registry plan holds 1 repository, this app has {count}: a push would fail")
    return found


CLOUD = Cloud(
    name="digitalocean",
    title="DigitalOcean DOKS",
    room=doks,
    controls=(PLAIN, HA),
    charges=_charges,
    notes=_notes,
    spot=False,
    worth=_worth,
    keeping=_keeping,
)
