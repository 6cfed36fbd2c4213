"""What a target costs per month, as `cluster create` and `deploy --dry-run` say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clouddeploy import plugins
from clouddeploy.app.model import Target
from clouddeploy.cli import view
from clouddeploy.errors import CloudDeployError
from clouddeploy.seam.cluster import Cost
from clouddeploy.seam.target import TargetSettings

if TYPE_CHECKING:
    from clouddeploy.prices.estimate import Estimate

_OF_THE_APP = ("load balancers", "volumes", "registry", "egress")


def estimated(target: Target, settings: TargetSettings, costs: Sequence[Cost]) -> Estimate | None:
    """The bill of a target's cluster with its app; None where there are no prices for it."""
    from clouddeploy.prices import cache
    from clouddeploy.prices.demand import from_services
    from clouddeploy.prices.estimate import estimate, shape_of

    if not target.services:
        return None
    demand = from_services(settings.name, target.services, {})
    catalog, problems = cache.load()
    for problem in problems:
        view.note(problem, style="yellow")
    return estimate(settings, shape_of(costs), demand, catalog)


def print_estimate(found: Estimate) -> None:
    """A line for each kind of charge, and the total."""
    from clouddeploy.prices.bill import KINDS, total

    rows = []
    for kind in KINDS:
        lines = [line for line in found.lines if line.charge.kind == kind and line.quantity]
        if lines:
            what = ", ".join(dict.fromkeys(line.charge.title for line in lines))
            known = any(line.monthly is not None for line in lines)
            rows.append((kind, str(total(line.monthly for line in lines)) if known else "unknown", what))
    rows.append(("total", str(found.total), f"{found.title} in {found.region}"))
    view.table(("BILLED", "USD/MONTH", ""), rows)
    for note in found.notes:
        view.note(note, style="yellow")
    view.note("list prices before taxes and discounts, with what the app here uses, without egress")


def print_monthly(target: Target) -> None:
    """One line: what the target costs, or what the app adds to a cluster that somebody else made."""
    from clouddeploy.prices.bill import total

    settings = target.settings
    try:
        maker = plugins.connect(settings).provisioner
        found = estimated(target, settings, maker.costs(settings.cluster)) if maker else None
    except CloudDeployError:
        return
    if found is None:
        return
    if settings.existing:
        ours = total(line.monthly for line in found.lines if line.charge.kind in _OF_THE_APP)
        view.say(f"{settings.name}: the app adds {ours} USD a month to the cluster in {found.region}")
    else:
        view.say(f"{settings.name}: {found.total} USD a month on {found.nodes} in {found.region}")
