"""`clouddeploy cluster create`"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from clouddeploy import clusters
from clouddeploy.app.model import Target
from clouddeploy.cli import live, options, view
from clouddeploy.cli.cluster.common import PATIENCE, Name, connect, naming, print_plan, settings_of
from clouddeploy.cli.cluster.money import print_costs, total
from clouddeploy.cli.estimates import estimated, print_estimate
from clouddeploy.cli.project import seconds
from clouddeploy.errors import ConfigError, PreconditionError
from clouddeploy.seam.cluster import Cluster, Cost
from clouddeploy.seam.provider import Provider
from clouddeploy.seam.target import TargetSettings

Nodes = Annotated[
    int | None, typer.Option("--nodes", envvar="CLOUDDEPLOY_NODES", min=1, help="How many worker nodes.")
]
Cpus = Annotated[
    int | None, typer.Option("--cpus", envvar="CLOUDDEPLOY_CPUS", min=1, help="At least so many vCPUs each.")
]
Memory = Annotated[
    str | None, typer.Option("--memory", envvar="CLOUDDEPLOY_MEMORY", help="At least so much each: 8Gi.")
]
Machine = Annotated[
    str | None,
    typer.Option("--machine", envvar="CLOUDDEPLOY_MACHINE", help="Exactly this machine type of the cloud."),
]
Version = Annotated[
    str | None,
    typer.Option("--version", envvar="CLOUDDEPLOY_VERSION", help="Kubernetes minor such as 1.33."),
]
Ha = Annotated[
    bool | None,
    typer.Option("--ha/--no-ha", envvar="CLOUDDEPLOY_HA", help="A control plane that survives a zone."),
]


def create(
    to: options.To = None,
    config: options.Config = None,
    name: Name = None,
    nodes: Nodes = None,
    cpus: Cpus = None,
    memory: Memory = None,
    machine: Machine = None,
    version: Version = None,
    ha: Ha = None,
    timeout: options.Timeout = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Make the target's cluster, or go on where an interrupted create stopped.

    Says first what it will cost. Every resource is found again by name and tag: run it as
    often as you like.
    """
    target, provider = connect(to, config)
    wanted = {"nodes": nodes, "cpus": cpus, "memory_gib": gibibytes(memory), "machine": machine}
    settings = settings_of(target, name, **wanted, version=version, ha=ha)
    steps, spec = clusters.steps_of(provider, settings), settings.cluster
    planned = clusters.plan_up(steps)
    if dry_run:
        print_plan(planned)
    clusters.require_possible(planned)
    clusters.require_offered(provider, settings)
    complete = all(one.action is clusters.Action.KEEP for one in planned)
    fixed = {"--cpus": cpus, "--memory": memory, "--machine": machine, "--ha/--no-ha": ha}
    given = [flag for flag, value in fixed.items() if value is not None]
    as_wished = _say_what_differs(provider, settings, given, complete=complete, name=name)
    if complete:
        told = "is ready" if as_wished else "is there, and stays as it is"
        view.say(f"cluster {spec.name} {told}", style="bold green")
        if dry_run:
            view.note("nothing was changed")
        else:
            _say_next(target, name)
        return
    costs = clusters.provisioner_of(provider, settings).costs(spec)
    monthly = _print_price(target, settings, costs)
    if dry_run:
        view.note("nothing was changed")
        return
    price = f" for {monthly} USD a month" if costs else ""
    view.confirm(f"create cluster {spec.name} on {settings.name}? It is billed{price} until deleted", yes=yes)
    with live.progress() as progress:
        clusters.up(steps, progress=progress, timeout=seconds(timeout, PATIENCE))
    view.say(f"cluster {spec.name} is ready", style="bold green")
    _say_next(target, name)


def _say_next(target: Target, name: str | None) -> None:
    where = target.settings.name
    if name and name != target.settings.cluster.name:
        view.note(f"to deploy to it, write cluster: {{name: {name}}} in target {where}, then")
    view.next_step(f"clouddeploy deploy --to {where}")


def _say_what_differs(
    provider: Provider, settings: TargetSettings, given: Sequence[str], *, complete: bool, name: str | None
) -> bool:
    """A line for each wish without effect; whether a cluster that is there is as it is wished."""
    spec = settings.cluster
    if provider.nodes is None and (spec.nodes, spec.cpus, spec.memory_gib) != (None, None, None):
        view.note(
            f"{provider.name} makes nodes as the pods need them: nodes, cpus and memory have no effect",
            style="yellow",
        )
    listed = _listed(provider, spec.name)
    if listed is None:
        return True
    again = naming(settings, name)
    found = list(clusters.differences(provider, settings, listed, complete=complete, again=again))
    if given:
        found.append(f"{', '.join(given)}: what it was made with cannot be changed, and is not compared")
    for one in found:
        view.note(f"cluster {spec.name} is there: {one}", style="yellow")
    return not found


def _listed(provider: Provider, name: str) -> Cluster | None:
    """Our cluster of this name; None too where looking needs what `create` makes first, such as an API."""
    try:
        return next((one for one in provider.clusters.list() if one.name == name and one.owned), None)
    except PreconditionError:
        return None


def _print_price(target: Target, settings: TargetSettings, costs: Sequence[Cost]) -> str:
    """Says what the cluster will cost, and returns the sum."""
    found = estimated(target, settings, costs)
    if found:
        print_estimate(found)
        return str(found.total)
    print_costs(costs)
    return total([one.monthly for one in costs])


def gibibytes(text: str | None) -> int | None:
    """Memory such as 8Gi or 8192Mi in GiB, rounded up."""
    from clouddeploy.app import fields

    if text is None:
        return None
    try:
        return -(-fields.memory(text) // 1024)
    except ValueError as error:
        raise ConfigError(f"--memory {text} is no amount of memory", fix="write it as 8Gi") from error
