"""What the comparison knows of a cloud: how it composes a bill, what it can and cannot do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from clouddeploy.prices.allocatable import Room
from clouddeploy.prices.bill import Charge
from clouddeploy.prices.catalog import Catalog, Machine, Row
from clouddeploy.prices.demand import Assumptions, Demand, Wishes


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
class Cloud:
    """One cloud. `controls` go from the cheapest to the best.

    `charges` composes the bill of a site; `notes` says what surprises people about it.
    """

    name: str
    title: str
    room: Callable[[Machine], Room]
    controls: Sequence[Control]
    charges: Callable[[Site, Control], Sequence[Charge]]
    notes: Callable[[Site, Control], Sequence[str]]
    spot: bool = True

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
    machine, spot = site.machine, site.wishes.spot
    row = machine.row
    usd = row.spot if spot and row.spot is not None else None
    cap = row.month_cap * site.nodes if row.month_cap is not None else None
    note = "spot" if usd is not None else ("on demand: no spot price is known" if spot else "")
    if cap is not None:
        note = f"at most {row.month_cap} a month each"
    return Charge(
        "nodes",
        title or f"{site.nodes} x {machine.name}",
        row,
        amounts(hours=site.nodes),
        cap=cap,
        usd=usd,
        note=note,
    )


def lasting(site: Site) -> Sequence[str]:
    """A sentence about CPU credits where the machine's CPUs are not its own."""
    if site.machine.cpu_class == "burstable":
        return [f"{site.machine.name} earns CPU credits: constant load is throttled or billed extra"]
    if site.machine.cpu_class == "shared":
        return [f"{site.machine.name} shares its CPUs: constant load may be slower than on dedicated ones"]
    return []
