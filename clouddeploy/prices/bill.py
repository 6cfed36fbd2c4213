"""Honest arithmetic: a bill is a list of charges, each a quantity times a dated unit price.

A charge's quantity is a sum of drivers (hours, egress, …) times coefficients, so that the same
numbers can be computed again for other assumptions, here or in the HTML report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from clouddeploy.prices.catalog import Row
from clouddeploy.prices.demand import Assumptions, Demand, Wishes

KINDS = (
    "control plane", "nodes", "node disks", "volumes", "load balancers",
    "addresses", "NAT", "registry", "egress",
)  # fmt: skip
"""Every kind of charge, in the order in which bills and charts show them."""

Drivers = Mapping[str, Decimal]


def drivers(demand: Demand, assumed: Assumptions, wishes: Wishes) -> Drivers:
    """The quantities that charges are made of, per month."""
    balancers, hours = Decimal(demand.load_balancers), assumed.hours
    return {
        "month": Decimal(1),
        "hours": hours,
        "node_disk": Decimal(assumed.node_disk_gib),
        "volume_gib": Decimal(sum(demand.volumes)),
        "lb": balancers,
        "lb_hours": balancers * hours,
        "rule_hours": min(balancers, Decimal(1)) * hours,
        "extra_rule_hours": max(balancers - 5, Decimal(0)) * hours,
        "lb_gb": demand.egress_gb if balancers else Decimal(0),
        "egress_gb": demand.egress_gb,
        "registry_gb": demand.registry_gb,
        "first_hours": hours if wishes.first else Decimal(0),
        "not_first": Decimal(0 if wishes.first else 1),
    }


@dataclass(frozen=True)
class Charge:
    """Quantity times `row`'s price: min(most, max(0, sum of terms - free)) x usd, at most `cap` USD.

    `usd` replaces the row's price where the row has several (spot). `note` explains the quantity.
    """

    kind: str
    title: str
    row: Row
    terms: Mapping[str, Decimal]
    free: Decimal = Decimal(0)
    most: Decimal | None = None
    cap: Decimal | None = None
    usd: Decimal | None = None
    note: str = ""

    @property
    def price(self) -> Decimal | None:
        """USD for one unit; None is unknown."""
        return self.row.usd if self.usd is None else self.usd

    def quantity(self, by: Drivers) -> Decimal:
        """How many units are billed."""
        asked = sum((factor * by[name] for name, factor in self.terms.items()), Decimal(0))
        billed = max(Decimal(0), asked - self.free)
        return billed if self.most is None else min(billed, self.most)

    def monthly(self, by: Drivers) -> Decimal | None:
        """USD per month, exact; 0 of something is 0 whatever it costs, else unknown stays None."""
        quantity = self.quantity(by)
        if not quantity:
            return Decimal(0)
        if self.price is None:
            return None
        amount = quantity * self.price
        if self.cap is None:
            return amount
        return min(amount, self.cap) if amount > 0 else max(amount, -self.cap)


@dataclass(frozen=True)
class Line:
    """A charge with its quantity and amount worked out."""

    charge: Charge
    quantity: Decimal
    monthly: Decimal | None


@dataclass(frozen=True)
class Total:
    """The known part of a sum, and how many amounts in it are unknown."""

    known: Decimal
    unknown: int = 0

    def __str__(self) -> str:
        text = f"{cents(self.known):,}"
        return f">= {text} (+{self.unknown} unknown)" if self.unknown else text


def bill(charges: Iterable[Charge], by: Drivers) -> tuple[Line, ...]:
    """The charges worked out, in the order of KINDS."""
    ordered = sorted(charges, key=lambda charge: KINDS.index(charge.kind))
    return tuple(Line(charge, charge.quantity(by), charge.monthly(by)) for charge in ordered)


def total(amounts: Iterable[Decimal | None]) -> Total:
    """The sum of what is known, with the unknown counted."""
    listed = list(amounts)
    known = sum((amount for amount in listed if amount is not None), Decimal(0))
    return Total(known, sum(amount is None for amount in listed))


def cents(amount: Decimal) -> Decimal:
    """Rounded to cents, half up; only for showing."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
