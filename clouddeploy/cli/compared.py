"""How a comparison is printed for people, and as data."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clouddeploy.cli import view
from clouddeploy.errors import ConfigError
from clouddeploy.prices.advise import advise, no_advice
from clouddeploy.prices.age import age, sentence
from clouddeploy.prices.clouds import CLOUDS
from clouddeploy.prices.features import features
from clouddeploy.prices.offers import Comparison, Lane, Offer
from clouddeploy.prices.plain import plain, text
from clouddeploy.prices.words import asked, meant, usd

if TYPE_CHECKING:
    from clouddeploy.prices.against import Change

_SHORT = {
    "do": "digitalocean",
    "ali": "alibaba",
    "eks": "aws",
    "gke": "gcp",
    "doks": "digitalocean",
    "ack": "alibaba",
}


def cloud_named(word: str) -> str:
    """A cloud's name from its name or a short one; ConfigError with the nearest."""
    name = _SHORT.get(word, word)
    names = [cloud.name for cloud in CLOUDS]
    if name not in names:
        message = f"there are no prices for a cloud {word}{meant(word, [*names, *_SHORT])}"
        raise ConfigError(message, fix=f"one of {', '.join(names)}")
    return name


def table(found: Comparison, changed: Sequence[Change], revision: str, *, verbose: bool) -> None:
    """Each lane as a table, what changed since a revision, advice, surprises, the age of the prices."""
    demand = found.demand
    _say(f"{demand.name}: {asked(demand)} per month")
    for lane in found.lanes:
        view.say(f"\n{lane.name}", style="bold")
        _lane(lane, found, verbose)
    _changes(changed, revision)
    _advice(found)
    _surprises(found)
    if found.live:
        from clouddeploy.cli.comparing_live import show

        show(found.live)
    if verbose:
        _facts(found)
    for one in demand.assumed:
        _say(f"assumed: {one}", "dim", view.note)
    _age(found)


_SHORTLY = ("CLOUD", "REGION", "NODES", "SLA", "USD/MONTH")
_BESIDES = ("CLOUD", "CONTROL PLANE", "CPU", "FIT CPU/MEM", "USD/H")
_WIDELY = ("CLOUD", "REGION", "CONTROL PLANE", "NODES", "CPU", "FIT CPU/MEM", "SLA", "USD/H", "USD/MONTH")


def _lane(lane: Lane, found: Comparison, verbose: bool) -> None:
    wide = [_wide(offer, found.assumed.hours) for offer in lane.offers]
    if verbose and wide and view.fits(_WIDELY, wide):
        view.table(_WIDELY, wide)
    elif lane.offers:
        view.table(_SHORTLY, [_narrow(offer) for offer in lane.offers])
        if verbose:
            view.say("")
            view.table(_BESIDES, [_beside(offer, found.assumed.hours) for offer in lane.offers])
    for offer in lane.offers:
        if offer.place.note:
            view.say(f"{_short(offer)}: {offer.place.note}", style="yellow")
    for one in lane.unfit:
        _say(f"{one.cloud.title}: {one.reason}", style="yellow")


def _short(offer: Offer) -> str:
    return offer.cloud.title.split()[-1]


def _narrow(offer: Offer) -> tuple[str, ...]:
    return _short(offer), offer.place.region, _nodes(offer), _sla(offer), str(offer.total)


def _beside(offer: Offer, hours: Decimal) -> tuple[str, ...]:
    """What the narrow table has no room for."""
    machine = offer.machine
    return _short(offer), offer.control.title, machine.cpu_class, _fit(offer), _hourly(offer, hours)


def _wide(offer: Offer, hours: Decimal) -> tuple[str, ...]:
    return (
        offer.cloud.title,
        offer.place.region,
        offer.control.title,
        _nodes(offer),
        offer.machine.cpu_class,
        _fit(offer),
        _sla(offer),
        _hourly(offer, hours),
        str(offer.total),
    )


def _nodes(offer: Offer) -> str:
    return f"{len(offer.packing.nodes)}x {offer.machine.name}"


def _fit(offer: Offer) -> str:
    return f"{offer.packing.cpu_fit:.0%}/{offer.packing.memory_fit:.0%}"


def _hourly(offer: Offer, hours: Decimal) -> str:
    """The month's bill over the hours that it is for."""
    known = f"{offer.total.known / hours:.3f}"
    return f">= {known}" if offer.total.unknown else known


def _sla(offer: Offer) -> str:
    return "none" if offer.control.sla is None else str(offer.control.sla)


def _advice(found: Comparison) -> None:
    view.say("\nrecommended", style="bold")
    advice = advise(found)
    if not advice:
        _say(f"none: {no_advice(found)}")
    for one in advice:
        second = f"; then {one.runner_up.cloud.title}" if one.runner_up else ""
        where = f" ({one.best.place.note})" if one.best.place.note else ""
        _say(f"{one.lane}: {one.best.cloud.title} at {one.best.total}{where}{second}", style="green")
        for change in one.changes:
            _say(f"  {change}")
    for one in advice[:1]:
        _say(f"rules: {'; '.join(one.rules)}")


def _surprises(found: Comparison) -> None:
    said = {
        (_short(offer), note): None for lane in found.lanes for offer in lane.offers for note in offer.notes
    }
    if said:
        view.say("\nsurprises", style="bold")
    for cloud, note in said:
        _say(f"{cloud}: {note}")


def _facts(found: Comparison) -> None:
    view.say("\nfacts", style="bold")
    facts = {cloud: features(cloud.name, found.wishes.today) for cloud in CLOUDS}
    for name in next(iter(facts.values())):
        view.say(name, style="cyan")
        for cloud, known in facts.items():
            _say(f"  {cloud.title.split()[-1]:<5} {known[name].text}")


def _age(found: Comparison) -> None:
    _say(sentence(found), "dim", view.note)
    view.note("list prices in USD, before taxes and discounts, with each cloud's free support")
    if age(found).stale:
        view.next_step("clouddeploy prices refresh", why="reads the vendors' own lists")
    view.next_step("clouddeploy compare --explain aws", why="shows every line with its source")


def explain(found: Comparison, word: str, form: str) -> None:
    """Every line of a cloud's bill in each lane: quantity, unit price, amount, source and date.

    As data it is the first lane's offer, with those of the others in `other_lanes`.
    """
    name = cloud_named(word)
    offers = [(lane.name, one) for lane in found.lanes for one in lane.offers if one.cloud.name == name]
    if not offers:
        reasons = {one.reason for lane in found.lanes for one in lane.unfit if one.cloud.name == name}
        raise ConfigError(f"{name} has no offer: {'; '.join(sorted(reasons))}", fix="see clouddeploy compare")
    if form in ("json", "yaml"):
        first, *others = [
            {**one, "lane": lane["name"]}
            for lane in plain(found)["lanes"]
            for one in lane["offers"]
            if one["provider"] == name
        ]
        view.data({**first, "other_lanes": others}, form)
        return
    for at, (lane, offer) in enumerate(offers):
        if any(offer == earlier for _, earlier in offers[:at]):
            view.say(f"\n{lane}: the same", style="bold")
        else:
            view.say(f"\n{lane}" if at else lane, style="bold")
            _explained(offer)


def _explained(offer: Offer) -> None:
    _say(
        f"{offer.cloud.title} in {offer.place.region}: {len(offer.packing.nodes)}x {offer.machine.name}, "
        f"{offer.packing.cpu_fit:.0%} of CPU and {offer.packing.memory_fit:.0%} of memory asked for"
    )
    _bill(offer)
    for note in offer.notes:
        _say(f"{_short(offer)}: {note}")


def _bill(offer: Offer) -> None:
    """Two lines for each charge, and the sources that they point to."""
    sources: dict[str, int] = {}
    kind = ""
    for line in offer.lines:
        charge = line.charge
        if charge.kind != kind:
            kind = charge.kind
            view.say(kind, style="bold")
        amount = "unknown" if line.monthly is None else usd(line.monthly)
        view.say(f"  {charge.title:<{_width() - 16}}{amount:>14}")
        price = "unknown" if charge.price is None else text(charge.price)
        number = sources.setdefault(charge.row.source, len(sources) + 1)
        note = f"; {charge.note}" if charge.note else ""
        dated = charge.row.as_of or "undated"
        _say(f"    {text(line.quantity)} {charge.row.unit} x {price}, {dated} [{number}]{note}", style="dim")
    view.say(f"{'total, before taxes and discounts':<{_width() - 26}}{offer.total!s:>26}", style="bold")
    for source, number in sources.items():
        _say(f"[{number}] {source}", style="dim")


def _changes(changed: Sequence[Change], revision: str) -> None:
    """What each cloud costs more or less than at a revision; nothing without changes."""
    for lane in dict.fromkeys(one.lane for one in changed):
        view.say(f"\nagainst {revision}, {lane}", style="bold")
        rows = [
            (one.title.split()[-1], _sum(one.before), _sum(one.after), str(one))
            for one in changed
            if one.lane == lane
        ]
        view.table(("CLOUD", "BEFORE", "AFTER", "CHANGE"), rows)


def _sum(offer: Offer | None) -> str:
    return str(offer.total) if offer else "-"


def data(found: Comparison, changed: Sequence[Change], revision: str) -> dict[str, Any]:
    """The comparison as plain data, with the changes if there are any."""
    shown = plain(found)
    if changed:
        shown["against"] = {
            "revision": revision,
            "changes": [
                {
                    "lane": one.lane,
                    "provider": one.provider,
                    "before": str(one.before.total) if one.before else None,
                    "after": str(one.after.total) if one.after else None,
                    "usd_month": None if one.difference is None else text(one.difference),
                    "text": str(one),
                }
                for one in changed
            ],
        }
    return shown


def _say(line: str, style: str = "", show: Callable[[str, str], None] = view.say) -> None:
    """A line, folded with its continuation indented."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    for folded in textwrap.wrap(
        line, _width(), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [""]:
        show(folded, style)


def _width() -> int:
    """Characters of a line: 80, fewer on a narrower terminal, but never too few for an amount."""
    return max(48, min(80, view.limit() or 80))
