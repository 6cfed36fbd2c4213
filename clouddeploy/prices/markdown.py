"""The comparison as Markdown, for pull requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from clouddeploy.prices.advise import advise, no_advice
from clouddeploy.prices.age import sentence
from clouddeploy.prices.features import features
from clouddeploy.prices.offers import Comparison, Lane, Offer
from clouddeploy.prices.words import asked

if TYPE_CHECKING:
    from clouddeploy.prices.against import Change


def markdown(comparison: Comparison, changed: Sequence[Change] = (), revision: str = "") -> str:
    """What each cloud would cost, the change since `revision` if there is one, advice and surprises."""
    demand = comparison.demand
    parts = [
        f"## What {demand.name} costs per month",
        f"{asked(demand)}; list prices in USD before taxes.",
    ]
    if changed:
        parts.append(f"### Against {revision}\n\n{_changes(changed)}")
    parts += [_lane(lane) for lane in comparison.lanes]
    parts.append(
        "### Recommendation\n\n" + ("\n".join(_advice(comparison)) or f"None: {no_advice(comparison)}.")
    )
    parts.append("### Surprises\n\n" + "\n".join(_notes(comparison)))
    if demand.assumed:
        parts.append("### Assumed\n\n" + "\n".join(f"- {one}" for one in demand.assumed))
    parts.append(f"{sentence(comparison).capitalize()}.")
    parts.append(
        "<details><summary>What else they offer</summary>\n\n" + _features(comparison) + "\n\n</details>"
    )
    return "\n\n".join(parts) + "\n"


def _changes(changed: Sequence[Change]) -> str:
    rows = [(one.title, one.lane, _sum(one.before), _sum(one.after), str(one)) for one in changed]
    return _table(("Cloud", "Lane", "Before", "After", "Change"), rows)


def _sum(offer: Offer | None) -> str:
    return str(offer.total) if offer else "-"


def _lane(lane: Lane) -> str:
    rows = [
        (
            one.cloud.title,
            one.place.region,
            f"{len(one.packing.nodes)} x {one.machine.name}",
            one.control.title,
            f"{one.control.sla} %" if one.control.sla else "none",
            str(one.total),
        )
        for one in lane.offers
    ]
    columns = ("Cloud", "Region", "Nodes", "Control plane", "SLA", "USD/month")
    table = [_table(columns, rows)] if rows else []
    moved = [f"{one.cloud.title}: {one.place.note}." for one in lane.offers if one.place.note]
    return "\n\n".join(
        [f"### {lane.name}", *table, *moved, *(f"{u.cloud.title}: {u.reason}." for u in lane.unfit)]
    )


def _advice(comparison: Comparison) -> Iterable[str]:
    for one in advise(comparison):
        second = f", then {one.runner_up.cloud.title}" if one.runner_up else ""
        where = f", {one.best.place.note}" if one.best.place.note else ""
        yield f"- {one.lane}: **{one.best.cloud.title}**{where}{second} ({'; '.join(one.rules)})"
        yield from (f"  - {change}" for change in one.changes)


def _notes(comparison: Comparison) -> Iterable[str]:
    said = {
        f"- {o.cloud.title}: {note}": None
        for lane in comparison.lanes
        for o in lane.offers
        for note in o.notes
    }
    return said or ["- none"]


def _features(comparison: Comparison) -> str:
    clouds = {offer.cloud.name: offer.cloud.title for lane in comparison.lanes for offer in lane.offers}
    facts = {name: features(name, comparison.wishes.today) for name in clouds}
    names = list(next(iter(facts.values()), {}))
    rows = [(name, *(facts[cloud][name].text for cloud in clouds)) for name in names]
    return _table(("", *clouds.values()), rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
