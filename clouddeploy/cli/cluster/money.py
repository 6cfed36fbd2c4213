"""What things cost, as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from clouddeploy.cli import view
from clouddeploy.seam.cluster import Cost, Leftover


def total(monthly: Sequence[Decimal | None]) -> str:
    """The sum of the known amounts; ">= 73.00 (+1 unknown)" when it is not all."""
    known = sum((amount for amount in monthly if amount is not None), Decimal(0))
    unknown = sum(amount is None for amount in monthly)
    return f">= {usd(known)} (+{unknown} unknown)" if unknown else usd(known)


def usd(amount: Decimal | None) -> str:
    """An amount with cents, or "unknown"."""
    return "unknown" if amount is None else f"{amount:,.2f}"


def print_costs(costs: Sequence[Cost]) -> None:
    """A line for each billed part, and the total; nothing where the provider knows of none."""
    if not costs:
        return
    rows = [(one.kind, usd(one.monthly), one.detail) for one in costs]
    rows.append(("total", total([one.monthly for one in costs]), "before taxes, traffic and discounts"))
    view.table(("BILLED", "USD/MONTH", ""), rows)


def print_leftovers(left: Sequence[Leftover]) -> None:
    """A line for each thing that is still billed, and the total."""
    rows = [(one.kind, one.id, usd(one.monthly), one.detail) for one in left]
    rows.append(("total", "", total([one.monthly for one in left]), ""))
    view.table(("LEFT BEHIND", "ID", "USD/MONTH", ""), rows)
