"""What one target's cluster would cost with its app: the same charges as the comparison's.

A provider says what it would make (`Shape`); every figure comes from the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clouddeploy.prices import regions
from clouddeploy.prices.bill import Line, Total, bill, drivers, total
from clouddeploy.prices.catalog import Catalog, Machine, Row
from clouddeploy.prices.choose import Question, answer
from clouddeploy.prices.clouds import CLOUDS
from clouddeploy.prices.clouds.base import Cloud, Site
from clouddeploy.prices.demand import Assumptions, Demand, Wishes
from clouddeploy.prices.features import versions
from clouddeploy.prices.offers import Offer
from clouddeploy.prices.packing import pack
from clouddeploy.seam.cluster import Cost
from clouddeploy.seam.target import TargetSettings


@dataclass(frozen=True)
class Estimate:
    """The bill of a target's cluster. `nodes` says what they are, `notes` what surprises people."""

    title: str
    region: str
    nodes: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...]

    @property
    def total(self) -> Total:
        """USD per month."""
        return total(line.monthly for line in self.lines)


@dataclass(frozen=True)
class Shape:
    """The nodes that a provider would make: `count` of a `machine` with a disk each.

    Without a machine the cloud makes the nodes as pods need them. Without a disk's size (GiB) the
    comparison's counts.
    """

    machine: str = ""
    count: int = 0
    disk_gib: int = 0


def shape_of(costs: Sequence[Cost]) -> Shape:
    """What a provider's costs say about the nodes."""
    node = next((one for one in costs if one.machine), None)
    return Shape(node.machine, node.count, node.disk_gib) if node else Shape()


def estimate(settings: TargetSettings, shape: Shape, demand: Demand, catalog: Catalog) -> Estimate | None:
    """The bill of a target's cluster, with the nodes that `shape` describes; None for a cloud without prices.

    None too where the catalogue does not know the machine type. A target without a region is in the US.
    """
    provider, region, spec = settings.provider, settings.region or "us", settings.cluster
    paid = settings.registry.get("edition") != "personal"
    cloud = next((one for one in CLOUDS if one.name == provider), None)
    if cloud is None or not regions.known(provider, region):
        return None
    wishes = Wishes(
        region=region,
        ha=bool(spec.ha),
        version=_minor(provider, spec.version),
        auto=not shape.machine,
        paid_registry=paid,
    )
    assumed = Assumptions(node_disk_gib=shape.disk_gib) if shape.disk_gib else Assumptions()
    place = regions.place(provider, region, catalog.priced_regions(provider, wishes.arch))
    question = Question(cloud, place, catalog, demand, wishes, assumed)
    if shape.machine:
        return _counted(question, shape)
    if cloud.serverless:
        return _serverless(question)
    found = answer(question, steady=False)
    return _from_offer(found, question) if isinstance(found, Offer) else None


def _minor(provider: str, version: str | None) -> str:
    """The Kubernetes minor of a version; without one the newest: no cluster is made on a minor that ends."""
    return ".".join(version.split(".")[:2]) if version else versions(provider)[0].minor


def _counted(question: Question, shape: Shape) -> Estimate | None:
    """So many nodes, whether or not the pods fit on them: that is said."""
    cloud, place = question.cloud, question.place
    machine = _machine(question.catalog, cloud, place.region, shape.machine)
    control = cloud.control(question.wishes, shape.count)
    if machine is None or control is None:
        return None
    site = question.site(machine, shape.count)
    by = drivers(question.demand, question.assumed, question.wishes)
    notes = [*cloud.notes(site, control), *_place_note(question)]
    packing = pack(question.pods, question.room(machine))
    if packing is None:
        notes.append(f"a pod is larger than a {machine.name}")
    elif len(packing.nodes) > shape.count:
        notes.append(f"the app needs {len(packing.nodes)} x {machine.name}, this cluster has {shape.count}")
    nodes = f"{shape.count} x {machine.name}"
    lines = bill(cloud.charges(site, control), by)
    return Estimate(cloud.title, place.region, nodes, lines, tuple(notes))


def _serverless(question: Question) -> Estimate:
    """Pods billed by what they request, without nodes."""
    cloud, place = question.cloud, question.place
    row = Row(cloud.name, "", "node", place.region, "hour", Decimal(0), "", None, "derived")
    site = Site(
        question.catalog, place.region, Machine(row, 0, Decimal(0), "amd64", "serverless"), 0,
        question.demand, question.wishes, question.assumed,
    )  # fmt: skip
    by = drivers(question.demand, question.assumed, question.wishes)
    charges = cloud.serverless(site) if cloud.serverless else ()
    return Estimate(
        cloud.title, place.region, "pods by request", bill(charges, by), tuple(_place_note(question))
    )


def _from_offer(offer: Offer, question: Question) -> Estimate:
    nodes = f"{len(offer.packing.nodes)} x {offer.machine.name}"
    notes = (*offer.notes, *_place_note(question))
    return Estimate(offer.cloud.title, offer.place.region, nodes, offer.lines, notes)


def _machine(catalog: Catalog, cloud: Cloud, region: str, name: str) -> Machine | None:
    return next((one for one in catalog.machines(cloud.name, region) if one.name == name), None)


def _place_note(question: Question) -> Sequence[str]:
    return [question.place.note] if question.place.note else []
