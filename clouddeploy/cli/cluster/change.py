"""`clouddeploy cluster scale|upgrade`: the same cluster, with more nodes or a later Kubernetes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from clouddeploy import clusters
from clouddeploy.cli import live, options, view
from clouddeploy.cli.cluster.common import PATIENCE, Name, connect, settings_of
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
        _run(steps, timeout)
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
    steps, cluster = clusters.upgrade_steps(provider, settings, version), settings.cluster.name
    to_version = version or "the version that the cloud offers next"
    if _nothing_to_do(steps, dry_run=dry_run):
        view.say(f"cluster {cluster} runs {version or 'the latest version on offer'}", style="bold green")
    elif not dry_run:
        question = f"upgrade cluster {cluster} on {settings.name} to {to_version}? There is no way back"
        view.confirm(question, yes=yes)
        _run(steps, timeout)
        view.say(f"cluster {cluster} is upgraded", style="bold green")
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


def _run(steps: Sequence[Step], timeout: str | None) -> None:
    with live.progress() as progress:
        clusters.up(steps, progress=progress, timeout=seconds(timeout, PATIENCE))
