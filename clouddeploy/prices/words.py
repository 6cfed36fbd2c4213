"""How a comparison says things: numbers, amounts, an app's sizes, the nearest of some names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from decimal import Decimal

from clouddeploy.prices.bill import cents
from clouddeploy.prices.demand import Demand


def counted(number: int, what: str) -> str:
    """A number of things: 1 load balancer, 2 load balancers."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def usd(amount: Decimal) -> str:
    """An amount in cents: 1,234.50."""
    return f"{cents(amount):,}"


def meant(word: str, names: Iterable[str]) -> str:
    """Half a sentence with the name that is most like a word, or nothing."""
    near = difflib.get_close_matches(word, sorted(names), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def asked(demand: Demand) -> str:
    """The sizes of an app: 6 pods, 4.5 CPU, 5 GiB, 1 load balancer, 200 GB egress."""
    pods = counted(len(demand.pods), "pod")
    cpu, memory = _short(demand.cpu / 1000), _short(demand.memory / 1024)
    balancers = counted(demand.load_balancers, "load balancer")
    return f"{pods}, {cpu} CPU, {memory} GiB, {balancers}, {demand.egress_gb:,} GB egress"


def _short(number: float) -> str:
    """With three decimals at most."""
    return f"{number:,.3f}".rstrip("0").rstrip(".")
