"""Which machine type and how many of them one cloud should run: the cheapest whole bill wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from clouddeploy.prices.allocatable import Room
from clouddeploy.prices.bill import Line, Total, bill, drivers, total
from clouddeploy.prices.catalog import Catalog, Machine
from clouddeploy.prices.clouds.base import Cloud, Control, Site, node_charge, not_known
from clouddeploy.prices.demand import Assumptions, Demand, Wishes
from clouddeploy.prices.live import Live
from clouddeploy.prices.offers import Offer, Unfit
from clouddeploy.prices.packing import Pod, bound, fits, pack
from clouddeploy.prices.regions import Place
from clouddeploy.prices.words import meant


@dataclass(frozen=True)
class Question:
    """One cloud is asked for its cheapest cluster."""

    cloud: Cloud
    place: Place
    catalog: Catalog
    demand: Demand
    wishes: Wishes
    assumed: Assumptions
    live: Live | None = None

    @property
    def pods(self) -> list[Pod]:
        """The app's pods, the add-ons', and one more of the largest for a rolling update."""
        largest = max(self.demand.pods, key=lambda pod: (pod.cpu, pod.memory))
        surge = [replace(largest, service=f"{largest.service} (surge)")] if self.wishes.surge else []
        return [*self.demand.pods, *surge, *self._addons]

    @property
    def _addons(self) -> list[Pod]:
        assumed = self.assumed
        return [Pod(assumed.addon_cpu, assumed.addon_memory, "(add-on)")] * assumed.addons

    def room(self, machine: Machine) -> Room:
        """What a node leaves once its DaemonSets run."""
        assumed, live = self.assumed, self.live
        taken = Room(assumed.daemon_cpu, assumed.daemon_memory, assumed.daemon_pods)
        if live and live.daemons:
            taken = live.daemons
        told = live.machines.get(machine.name) if live else None
        if told and told.max_pods:
            machine = replace(machine, max_pods=told.max_pods)
        room = (live.rooms.get(machine.name) if live else None) or self.cloud.room(machine)
        return room.less(taken.cpu, taken.memory, taken.pods)

    def site(self, machine: Machine, nodes: int) -> Site:
        """The cluster of so many machines."""
        return Site(self.catalog, self.place.region, machine, nodes, self.demand, self.wishes, self.assumed)


def answer(question: Question, steady: bool) -> Offer | Unfit:
    """The cheapest cluster of a cloud, or why there is none; `steady` allows dedicated CPUs only."""
    cloud, wishes = question.cloud, question.wishes
    if cloud.control(wishes) is None:
        return Unfit(cloud, f"no control plane with an SLA of {wishes.sla} %")
    if wishes.spot and not cloud.spot:
        return Unfit(cloud, "no spot machines")
    machines = _wanted(question, steady)
    if isinstance(machines, str):
        return Unfit(cloud, machines)
    priced = [one for one in machines if one.row.usd is not None]
    found = [_cheapest(question, alike) for alike in _by_disk(cloud, priced or machines)]
    offers = [offer for offer in found if offer]
    return min(offers, key=_order, default=None) or _too_large(question, machines)


def _by_disk(cloud: Cloud, machines: Iterable[Machine]) -> Iterable[Sequence[Machine]]:
    """The types whose bills have the same parts: what is unknown of one is unknown of all of them."""
    found: dict[str, list[Machine]] = {}
    for machine in machines:
        found.setdefault(cloud.disk(machine), []).append(machine)
    return found.values()


def _wanted(question: Question, steady: bool) -> list[Machine] | str:
    """The machine types to choose from, or why there are none."""
    cloud, region, wishes, live = question.cloud, question.place.region, question.wishes, question.live
    pinned, arch = wishes.machines.get(cloud.name), wishes.arch
    listed = question.catalog.machines(cloud.name, region)
    machines = [one for one in listed if live is None or live.offers(one.name, region)]
    near = meant(pinned, [one.name for one in machines]) if pinned else ""
    rules: Sequence[tuple[bool, Callable[[Machine], bool], str]] = (
        (pinned is not None, lambda one: one.name == pinned, f"no machine type {pinned} in {region}{near}"),
        (wishes.auto, cloud.auto or (lambda _: True), f"it makes no {pinned or 'nodes'} by itself"),
        (
            arch != "any",
            lambda one: one.arch == arch,
            f"{pinned} is no {arch} machine" if pinned else f"no {arch} machine in {region}",
        ),
        (
            steady,
            lambda one: one.steady,
            f"{pinned} shares its CPUs" if pinned else f"no machine with dedicated CPUs in {region}",
        ),
    )
    for asked, takes, reason in rules:
        if asked and not (machines := [one for one in machines if takes(one)]):
            return reason
    return machines or f"no machine in {region}"


def _cheapest(question: Question, machines: Sequence[Machine]) -> Offer | None:
    """Pack on the most promising types first, until no other can be cheaper even if it packed perfectly."""
    pods = question.pods
    best: Offer | None = None
    for floor, machine, nodes in _floors(question, machines, pods):
        if best and floor > best.total.known:
            break
        priced = _priced(question, machine, nodes)
        if priced is None or (best and priced.total.known > best.total.known):
            continue
        offer = _offer(question, machine, pods)
        if offer and (best is None or _order(offer) < _order(best)):
            best = offer
    return best


def _floors(
    question: Question, machines: Iterable[Machine], pods: Sequence[Pod]
) -> list[tuple[Decimal, Machine, int]]:
    """What the nodes alone of each type would cost if nothing were wasted, and how many; cheapest first."""
    cpu, memory, sizes = sum(pod.cpu for pod in pods), sum(pod.memory for pod in pods), set(pods)
    by = drivers(question.demand, question.assumed, question.wishes)
    found = []
    for machine in machines:
        room = question.room(machine)
        if all(fits(pod, room) for pod in sizes):
            nodes = bound(cpu, memory, len(pods), room)
            cost = node_charge(question.site(machine, nodes)).monthly(by)
            found.append((cost or Decimal(0), machine, nodes))
    return sorted(found, key=lambda one: (one[0], one[1].name))


@dataclass(frozen=True)
class _Priced:
    """A cluster with its bill."""

    site: Site
    control: Control
    lines: tuple[Line, ...]

    @property
    def total(self) -> Total:
        return total(line.monthly for line in self.lines)

    @property
    def order(self) -> tuple[int, Decimal, int]:
        return self.total.unknown, self.total.known, self.site.nodes


def _priced(question: Question, machine: Machine, nodes: int) -> _Priced | None:
    """The cheapest cluster of so many nodes or more; None when no edition allows it."""
    least = _counted(question, machine, nodes)
    if least is None:
        return None
    worth = [count for count in question.cloud.worth(least.site) if count > least.site.nodes]
    more = [_counted(question, machine, count) for count in worth]
    return min((one for one in (least, *more) if one), key=lambda one: one.order)


def _counted(question: Question, machine: Machine, nodes: int) -> _Priced | None:
    """The cluster of so many nodes, or of the least number; None when no edition allows it."""
    control = question.cloud.control(question.wishes, nodes)
    if control is None:
        return None
    site = question.site(machine, max(nodes, question.assumed.min_nodes, control.min_nodes))
    by = drivers(question.demand, question.assumed, question.wishes)
    return _Priced(site, control, bill(question.cloud.charges(site, control), by))


def _offer(question: Question, machine: Machine, pods: Sequence[Pod]) -> Offer | None:
    packing = pack(pods, question.room(machine), question.assumed.min_nodes)
    priced = _priced(question, machine, len(packing.nodes)) if packing else None
    if packing is None or priced is None:
        return None
    control, nodes = priced.control, priced.site.nodes
    notes = list(question.cloud.notes(priced.site, control))
    needed = max(len(packing.nodes), control.min_nodes)
    if nodes > needed:
        notes.append(
            f"{needed} nodes would do: {nodes - needed} more cost less than the traffic that each brings free"
        )
    if question.live:
        notes += question.live.short(machine.cpus * nodes, nodes)
    lacking = not_known(priced.site)
    if machine.row.usd is None:
        notes.append(f"no price of {machine.name} is known here: without its nodes it is not recommended")
    elif lacking:
        notes.append(f"no {lacking} price of {machine.name} is known: it is compared at the on-demand price")
    packing = packing.at_least(nodes)
    return Offer(
        question.cloud, question.place, control, machine, packing, priced.lines, tuple(notes), lacking
    )


def _order(offer: Offer) -> tuple[int, Decimal, int, str]:
    """Without more unknowns, cheaper; at the same price with fewer nodes, then by name."""
    return offer.total.unknown, offer.total.known, len(offer.packing.nodes), offer.machine.name


def _too_large(question: Question, machines: Sequence[Machine]) -> Unfit:
    """Names the pod that fits on no node, and the smallest machine that would do."""
    rooms = [question.room(machine) for machine in machines]
    largest = next(
        (
            pod
            for pod in sorted(set(question.demand.pods), reverse=True)
            if not any(fits(pod, room) for room in rooms)
        ),
        None,
    )
    cloud = question.cloud
    if largest is None:
        return Unfit(cloud, "no machine type runs all of the pods, or no edition so many nodes")
    what = f"a pod of {largest.service} ({largest.cpu}m, {largest.memory}Mi) fits on no node"
    one = _smallest(question, largest)
    if one is None:
        return Unfit(cloud, f"{what}; no larger type is known here: clouddeploy prices refresh", True)
    shape = f"{one.cpus} vCPU, {one.memory_gib} GiB, {one.arch}"
    return Unfit(cloud, f"{what}; the smallest that would do is {one.name} ({shape})")


def _smallest(question: Question, pod: Pod) -> Machine | None:
    """The smallest type of any region that runs the pod; None when none is known that does."""
    known = {machine.name: machine for machine in question.catalog.all_machines(question.cloud.name)}
    would = [one for one in known.values() if fits(pod, question.room(one))]
    return min(would, key=lambda machine: (machine.memory_gib, machine.cpus, machine.name), default=None)
