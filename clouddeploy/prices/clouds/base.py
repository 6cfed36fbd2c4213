"""What the comparison knows of a cloud: how it composes a bill, what it can and cannot do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clouddeploy.prices.allocatable import Room
from clouddeploy.prices.bill import Charge, drivers, total
from clouddeploy.prices.catalog import Catalog, Machine, Row
from clouddeploy.prices.demand import Assumptions, Demand, Wishes
from clouddeploy.prices.features import Support, Version, support, versions

SOON_DAYS = 60
"""So long before the end of its support a Kubernetes minor is announced."""


@dataclass(frozen=True)
class Site:
    """A cluster to be priced: so many nodes of one type in one region."""

    catalog: Catalog
    region: str
    machine: Machine
    nodes: int
    demand: Demand
    wishes: Wishes
    assumed: Assumptions

    def price(self, sku: str, *fallback_regions: str) -> Row:
        """The unit price here, else in the named regions, else everywhere."""
        return self.catalog.price(self.machine.row.provider, sku, self.region, *fallback_regions)


@dataclass(frozen=True)
class Control:
    """A control plane edition; `sla` in percent, None is no promise."""

    title: str
    sla: Decimal | None
    max_nodes: int | None = None
    min_nodes: int = 1


@dataclass(frozen=True)
class Keeping:
    """One way to keep the app's images: what it costs, and for how many GB it is; None has no end."""

    charges: Sequence[Charge]
    most_gb: Decimal | None = None


@dataclass(frozen=True)
class Cloud:
    """One cloud. `controls` go from the cheapest to the best.

    `charges` composes the bill of a site; `notes` says what surprises people about it. `auto` says
    which types the cloud takes where it makes the nodes itself, None where it does not. `serverless`
    is the bill of a cluster whose pods are billed by what they request. `worth` names the numbers of
    nodes whose bill may be less than that of fewer, where a node brings something that is billed without it.
    `disk` is the kind of disk that a type takes, where that differs from type to type. `keeping` lists
    the registry's plans where it has several; `charges` has the one of them that `kept` names.
    """

    name: str
    title: str
    room: Callable[[Machine], Room]
    controls: Sequence[Control]
    charges: Callable[[Site, Control], Sequence[Charge]]
    notes: Callable[[Site, Control], Sequence[str]]
    spot: bool = True
    auto: Callable[[Machine], bool] | None = None
    serverless: Callable[[Site], Sequence[Charge]] | None = None
    worth: Callable[[Site], Sequence[int]] = lambda _: ()
    disk: Callable[[Machine], str] = lambda _: ""
    keeping: Callable[[Site], Sequence[Keeping]] = lambda _: ()

    def control(self, wishes: Wishes, nodes: int = 0) -> Control | None:
        """The cheapest edition that meets the wishes; None when none does."""
        for one in self.controls:
            promises = wishes.sla is None or (one.sla is not None and one.sla >= wishes.sla)
            redundant = not wishes.ha or one is self.controls[-1]
            if promises and redundant and (one.max_nodes is None or nodes <= one.max_nodes):
                return one
        return None


def amounts(**terms: Decimal | int) -> Mapping[str, Decimal]:
    """Coefficients of drivers, leaving out those that are 0."""
    return {name: Decimal(factor) for name, factor in terms.items() if factor}


def node_charge(site: Site, title: str = "") -> Charge:
    """The machines by the hour, at the spot price where one was asked for and is known."""
    machine, wishes, notes = site.machine, site.wishes, []
    row, usd, lacking = machine.row, None, not_known(site)
    if lacking:
        notes.append(f"on demand: no {lacking} price is known")
    elif wishes.commit:
        row = _committed(site)
        notes.append(f"committed for {wishes.commit}")
    elif wishes.spot:
        usd = row.spot
        notes.append("spot")
    cap = row.month_cap * site.nodes if row.month_cap is not None else None
    if cap is not None:
        notes.append(f"at most {row.month_cap} a month each")
    return Charge(
        "nodes",
        title or f"{site.nodes} x {machine.name}",
        row,
        amounts(hours=site.nodes),
        cap=cap,
        usd=usd,
        note="; ".join(notes),
    )


def volume_charge(title: str, row: Row, site: Site, least: int = 1) -> Charge:
    """The app's volumes by size, each of `least` GiB at least."""
    beyond = sum(max(0, least - size) for size in site.demand.volumes)
    note = f"each at least {least} GiB" if beyond else ""
    return Charge("volumes", title, row, amounts(volume_gib=1, month=beyond), note=note)


def _lasts(version: Version, today: date) -> bool:
    """Whether a minor is in standard support today, as far as its end is published."""
    return version.standard and (version.until is None or today <= version.until)


def not_known(site: Site) -> str:
    """The price that was asked for and is not known (spot, committed): the on-demand one counts instead."""
    if site.wishes.commit:
        return "" if _committed(site).usd is not None else "committed"
    return "spot" if site.wishes.spot and site.machine.row.spot is None else ""


def _committed(site: Site) -> Row:
    return site.price(f"{site.machine.name}.commit.{site.wishes.commit}")


def kept(site: Site, ways: Sequence[Keeping]) -> Keeping:
    """The cheapest of the ways that have room for the images; the last one has, at an unknown price."""
    by = drivers(site.demand, site.assumed, site.wishes)
    roomy = [way for way in ways if way.most_gb is None or site.demand.registry_gb <= way.most_gb]
    sums = [total(charge.monthly(by) for charge in way.charges) for way in roomy]
    return min(zip(sums, roomy, strict=True), key=lambda one: (one[0].unknown, one[0].known))[1]


def free_note(gigabytes: Decimal | int, site: Site) -> str:
    """What becomes of the egress that an account has free once, however many clusters it has."""
    if site.wishes.first:
        return f"first {gigabytes} GB free, once per account"
    return f"the account's {gigabytes} free GB count as used up by its other clusters"


def version_charges(site: Site, title: str, sku: str) -> Sequence[Charge]:
    """What a Kubernetes minor costs beyond the standard support that it has left."""
    version, cloud = site.wishes.version, site.machine.row.provider
    if version is None or support(cloud, version, site.wishes.today) not in (Support.EXTENDED, Support.ENDED):
        return []
    return [Charge("control plane", f"{title} {version}", site.price(sku), amounts(hours=1))]


def version_notes(cloud: str, wishes: Wishes) -> Sequence[str]:
    """What to know about the wanted Kubernetes minor, or else which leave support soon."""
    known, wanted, found = versions(cloud), wishes.version, []
    one = next((one for one in known if one.minor == wanted), None)
    if wanted and one is None:
        offered = ", ".join(each.minor for each in known if _lasts(each, wishes.today))
        found.append(f"Kubernetes {wanted} is not known to be offered; {offered} are")
    if one and one.until and one.until < wishes.today:
        found.append(f"Kubernetes {one.minor} left support on {one.until}")
    for each in known if wanted is None else [one] if one else []:
        days = (each.until - wishes.today).days if each.until and each.standard else -1
        if 0 <= days <= SOON_DAYS:
            when = "today" if days == 0 else f"in {days} day{'s' * (days > 1)}"
            found.append(f"Kubernetes {each.minor} leaves standard support on {each.until} ({when})")
    return found


def lasting(site: Site) -> Sequence[str]:
    """A sentence about CPU credits where the machine's CPUs are not its own."""
    if site.machine.cpu_class == "burstable":
        return [f"{site.machine.name} earns CPU credits: constant load is throttled or billed extra"]
    if site.machine.cpu_class == "shared":
        return [f"{site.machine.name} shares its CPUs: constant load may be slower than on dedicated ones"]
    return []
