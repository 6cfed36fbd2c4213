"""A recommendation by rules that are printed with it, never a bare score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from clouddeploy.prices.bill import cents, drivers, total
from clouddeploy.prices.offers import Comparison, Lane, Offer
from clouddeploy.prices.words import counted, usd


@dataclass(frozen=True)
class Advice:
    """The cheapest offer that meets every wish, why, the runner-up, and what would change the order."""

    lane: str
    best: Offer
    rules: tuple[str, ...]
    runner_up: Offer | None
    changes: tuple[str, ...]


def advise(comparison: Comparison) -> tuple[Advice, ...]:
    """Advice for each lane that has an offer whose nodes have a known price.

    Offers where the region was asked for come first, and of them those whose bill is complete: a sum
    with unknown parts is only a lower limit. Without the nodes' price it is no limit worth comparing:
    such an offer is neither best nor runner-up.
    """
    priced = [(lane, [offer for offer in lane.offers if offer.nodes_priced]) for lane in comparison.lanes]
    return tuple(_advice(lane, offers, comparison) for lane, offers in priced if offers)


def no_advice(comparison: Comparison) -> str:
    """Why `advise` has nothing to recommend."""
    offers = any(lane.offers for lane in comparison.lanes)
    return "no cloud's nodes have a known price" if offers else "no cloud can run this"


def _advice(lane: Lane, offers: Sequence[Offer], comparison: Comparison) -> Advice:
    ordered = sorted(offers, key=lambda offer: (_class(offer), offer.rank))
    best, runner_up = ordered[0], ordered[1] if len(ordered) > 1 else None
    here = [offer for offer in offers if bool(offer.place.note) == bool(best.place.note)]
    against = [*_changes(best, runner_up), *_traffic(comparison, best, here)] if runner_up else []
    changes = [
        *against,
        *_elsewhere(best, [offer for offer in offers if offer not in here]),
        *_on_demand(ordered[:2]),
        *_vague(best, here),
    ]
    return Advice(lane.name, best, tuple(_rules(comparison)), runner_up, tuple(changes))


def _elsewhere(best: Offer, others: Sequence[Offer]) -> list[str]:
    """What is cheaper in another region than the wanted one."""
    least = "at least " if best.total.unknown else ""
    return [
        f"{one.cloud.title} in {one.place.region} is {least}{usd(best.total.known - one.total.known)} "
        f"cheaper, but has {one.place.note}"
        for one in others
        if not one.total.unknown and one.rank < best.rank
    ]


def _on_demand(offers: Sequence[Offer]) -> list[str]:
    """Which of them do not have the price that was asked for."""
    return [
        f"{one.cloud.title} is counted at its on-demand price: its {one.not_known} price is not known"
        for one in offers
        if one.not_known
    ]


def _vague(best: Offer, others: Sequence[Offer]) -> list[str]:
    """Whose known part is less than the best bill."""
    return [
        f"{one.cloud.title}: {usd(best.total.known - one.total.known)} less without its "
        f"{counted(one.total.unknown, 'unknown amount')}; it wins if "
        f"{'they are' if one.total.unknown > 1 else 'it is'} smaller"
        for one in others
        if one.total.unknown and one.rank < best.rank
    ]


def _class(offer: Offer) -> tuple[bool, bool]:
    """What comes before the price: the wanted region, then a complete bill."""
    return bool(offer.place.note), bool(offer.total.unknown)


def _rules(comparison: Comparison) -> list[str]:
    wishes = comparison.wishes
    images = "images of any architecture" if wishes.arch == "any" else f"{wishes.arch} images"
    found = [f"in {wishes.region}, else nearest to it", f"runs {images}"]
    if wishes.sla is not None:
        found.append(f"the control plane promises {wishes.sla} %")
    if wishes.ha:
        found.append("the control plane is redundant")
    if wishes.spot:
        found.append("offers spot machines, at the on-demand price where no other is known")
    if wishes.commit:
        found.append(
            f"nodes committed to for {wishes.commit}, at the on-demand price where no other is known"
        )
    if wishes.private:
        found.append("nodes have no public address")
    return [
        *found,
        "every pod fits on a node",
        "the price of its nodes is known",
        "all prices known before some unknown",
        "then the cheapest",
    ]


def _changes(best: Offer, other: Offer) -> list[str]:
    """Where the runner-up is better, and how much it would have to save."""
    gap = cents(other.total.known - best.total.known)
    found = []
    if gap > 0 and _class(other) == _class(best):
        found.append(f"the order changes if {other.cloud.title} gets {usd(gap)} a month cheaper")
    cheaper = [
        f"{kind} ({usd(ours)} against {usd(theirs)})"
        for kind, ours, theirs in _by_kind(best, other)
        if ours - theirs >= 1
    ]
    if cheaper:
        found.append(f"{other.cloud.title} is cheaper in {', '.join(cheaper)}")
    if (other.control.sla or 0) > (best.control.sla or 0):
        found.append(f"{other.cloud.title} promises {other.control.sla} %: --sla {other.control.sla}")
    return found


def _traffic(comparison: Comparison, best: Offer, offers: Sequence[Offer]) -> list[str]:
    """From how much egress on another offer is the cheaper one, for the first that is."""
    found = [
        (gigabytes, other.cloud.title)
        for other in offers
        if other is not best and not other.total.unknown
        if (gigabytes := _crossing(comparison, best, other)) is not None
    ]
    # more nodes would bring more free transfer: the crossing is that of the nodes as they are
    kept = " than on these nodes" if best.machine.transfer_gib else ""
    return [
        f"from about {gb:,} GB of egress a month on {title} is cheaper{kept}"
        for gb, title in sorted(found)[:1]
    ]


def _crossing(comparison: Comparison, best: Offer, other: Offer) -> int | None:
    """The egress in GB from which `other` costs less than `best` on the same nodes; None up to 1 PB."""

    def cheaper(gigabytes: int) -> bool:
        demand = replace(comparison.demand, egress_gb=Decimal(gigabytes))
        by = drivers(demand, comparison.assumed, comparison.wishes)
        ours, theirs = (total(line.charge.monthly(by) for line in one.lines) for one in (best, other))
        return theirs.known < ours.known and theirs.unknown <= ours.unknown

    low = int(comparison.demand.egress_gb)
    high = next((size for size in (low + 2**power for power in range(7, 21)) if cheaper(size)), None)
    while high is not None and high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if cheaper(middle) else (middle, high)
    return high


def _by_kind(one: Offer, other: Offer) -> Sequence[tuple[str, Decimal, Decimal]]:
    """The kinds of which both bills know every amount."""
    ours, theirs = by_kind(one), by_kind(other)
    vague = {line.charge.kind for offer in (one, other) for line in offer.lines if line.monthly is None}
    return [(kind, ours[kind], theirs.get(kind, Decimal(0))) for kind in ours if kind not in vague]


def by_kind(offer: Offer) -> dict[str, Decimal]:
    """The known amounts of a bill, summed by kind."""
    found: dict[str, Decimal] = {}
    for line in offer.lines:
        kind = line.charge.kind
        found[kind] = found.get(kind, Decimal(0)) + (line.monthly or Decimal(0))
    return found
