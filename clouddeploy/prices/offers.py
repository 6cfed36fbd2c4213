"""The result of a comparison: offers in lanes, and clouds that cannot make one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from clouddeploy.prices.bill import Line, Total, total
from clouddeploy.prices.catalog import Catalog, Machine
from clouddeploy.prices.clouds.base import Cloud, Control
from clouddeploy.prices.demand import Assumptions, Demand, Wishes
from clouddeploy.prices.live import Live
from clouddeploy.prices.packing import Packing
from clouddeploy.prices.regions import Place

ANY_CPU = "any CPU"
STEADY = "steady CPU"
LANES = (ANY_CPU, STEADY)
"""Machines whose CPUs may be shared or earn credits are never ranked against dedicated ones silently."""


@dataclass(frozen=True)
class Offer:
    """What one cloud would cost, and how the pods lie on its nodes.

    `not_known` names the price that was asked for and is not known (spot, committed): the nodes are
    at the on-demand price then.
    """

    cloud: Cloud
    place: Place
    control: Control
    machine: Machine
    packing: Packing
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    not_known: str = ""

    @property
    def total(self) -> Total:
        """USD per month."""
        return total(line.monthly for line in self.lines)

    @property
    def nodes_priced(self) -> bool:
        """Whether the price of its nodes is known. Without it the known sum says nothing about the bill."""
        return all(line.monthly is not None for line in self.lines if line.charge.kind == "nodes")

    @property
    def rank(self) -> tuple[bool, Decimal, int, str]:
        """What offers are ordered by: nodes with a price, the known sum, then fewer unknowns."""
        return not self.nodes_priced, self.total.known, self.total.unknown, self.cloud.name


@dataclass(frozen=True)
class Unfit:
    """A cloud that cannot be compared, and why.

    `too_small` is True where a pod is larger than every type that the catalogue knows: the cloud may
    have larger ones.
    """

    cloud: Cloud
    reason: str
    too_small: bool = False


@dataclass(frozen=True)
class Lane:
    """The offers of one class of CPU, cheapest first; those without a price of their nodes last."""

    name: str
    offers: tuple[Offer, ...]
    unfit: tuple[Unfit, ...]


@dataclass(frozen=True)
class Comparison:
    """The whole result, with what it was computed from."""

    demand: Demand
    wishes: Wishes
    assumed: Assumptions
    catalog: Catalog
    lanes: tuple[Lane, ...]
    live: tuple[Live, ...] = ()
