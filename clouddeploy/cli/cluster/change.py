"""`clouddeploy cluster scale|upgrade`: the same cluster, with more nodes or a later Kubernetes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from clouddeploy import clusters
from clouddeploy.cli import live, options, view
from clouddeploy.cli.cluster.common import PATIENCE, Name, connect, naming, settings_of
from clouddeploy.cli.project import seconds
from clouddeploy.seam.cluster import Status, Step

_WORDS = {clusters.Action.CREATE: "change"}


def scale(
    nodes: Annotated[
        int, typer.Option("--nodes", envvar="CLOUDDEPLOY_NODES", min=0, help="How many worker nodes.")
    ],
    to: options.To = None,
    config: options.Config = None,
    name: Name = None,
    timeout: options.Timeout = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Give the target's cluster so many worker nodes, and wait until they are there."""
    target, provider = connect(to, config)
    settings = settings_of(target, name)
    steps, cluster = clusters.scale_steps(provider, settings, nodes), settings.cluster.name
    if _nothing_to_do(steps, dry_run=dry_run):
        view.say(f"cluster {cluster} has {nodes} nodes", style="bold green")
    elif not dry_run:
        view.confirm(f"scale cluster {cluster} on {settings.name} to {nodes} nodes?", yes=yes)
        _run(steps, timeout, f"clouddeploy cluster scale {naming(settings, name)} --nodes {nodes}")
        view.say(f"cluster {cluster} has {nodes} nodes", style="bold green")


def upgrade(
    to: options.To = None,
    config: options.Config = None,
    name: Name = None,
    version: Annotated[
        str | None,
        typer.Option("--version", envvar="CLOUDDEPLOY_VERSION", help="Instead of the next minor offered."),
    ] = None,
    timeout: options.Timeout = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Bring the target's cluster to a later Kubernetes, one minor version at a time.

    There is no way back: clouds do not downgrade clusters.
    """
    target, provider = connect(to, config)
    settings = settings_of(target, name)
    # Decided once: without it, the same command run again would go on to the version after.
    wanted = version or clusters.next_version(provider, settings)
    steps, cluster = clusters.upgrade_steps(provider, settings, wanted), settings.cluster.name
    if _nothing_to_do(steps, dry_run=dry_run):
        newest = "" if version else ", and no later version is offered"
        view.say(f"cluster {cluster} runs {wanted}{newest}", style="bold green")
    elif not dry_run:
        question = f"upgrade cluster {cluster} on {settings.name} to {wanted}? There is no way back"
        view.confirm(question, yes=yes)
        _run(steps, timeout, f"clouddeploy cluster upgrade {naming(settings, name)} --version {wanted}")
        view.say(f"cluster {cluster} is upgraded to {wanted}", style="bold green")
        view.next_step(f"clouddeploy status --to {settings.name}")


def _nothing_to_do(steps: Sequence[Step], *, dry_run: bool) -> bool:
    """Whether everything is so already; prints the plan where it is not."""
    planned = clusters.plan_up(steps)
    if all(one.state.status is Status.READY for one in planned):
        return True
    view.table(
        ("ACTION", "WANTED", "STATE"),
        [(_WORDS.get(one.action, one.action.value), one.title, one.reason) for one in planned],
    )
    if dry_run:
        view.note("nothing was changed")
    else:
        clusters.require_possible(planned)
    return False


def _run(steps: Sequence[Step], timeout: str | None, again: str) -> None:
    """`again` is the command that goes on with this work, and with no other."""
    limit = seconds(timeout, PATIENCE)
    try:
        with live.progress() as progress:
            clusters.up(steps, progress=progress, timeout=limit, go_on=f"to go on: {again}")
    except KeyboardInterrupt as stop:
        stop.args = (f"{again} goes on where this one stopped",)
        raise
