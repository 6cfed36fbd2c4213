"""`clouddeploy down`"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from clouddeploy import plugins
from clouddeploy.app.model import App, Target
from clouddeploy.cli import live, options, view
from clouddeploy.cli.outcomes import finish
from clouddeploy.cli.project import chosen, find_app
from clouddeploy.progress import Progress
from clouddeploy.release.deploy import access
from clouddeploy.release.targets import Outcome, connected, each

Volumes = Annotated[
    bool,
    typer.Option("--volumes", envvar="CLOUDDEPLOY_VOLUMES", help="Delete the volumes too, with their data."),
]


@dataclass(frozen=True)
class _Removed:
    """What went, or would go, and the volumes that stay, each with its size."""

    gone: list[str]
    kept: list[str]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("down")(down)


def down(
    to: options.To = None,
    config: options.Config = None,
    namespace: options.Namespace = None,
    volumes: Volumes = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Remove the app from its targets: only what clouddeploy made for it.

    Clusters, registries and images stay, and so do volumes with their data, unless --volumes is given.
    """
    project = find_app(config, show_inferred=False)
    targets = chosen(project, to, namespace)
    names = ", ".join(target.settings.name for target in targets)
    if not dry_run:
        data = " and all data in its volumes" if volumes else ""
        view.confirm(f"remove {project.name}{data} from {names}?", yes=yes)
    with live.progress() as progress:
        outcomes = each(targets, lambda target: _remove(project, target, volumes, dry_run, progress))
    for outcome in outcomes:
        _print(outcome, dry_run=dry_run)
    finish(outcomes, "down")
    if dry_run:
        view.note("nothing was changed")
        return
    for one in outcomes:
        if one.value and one.value.kept:
            place = f" --namespace {namespace}" if namespace else ""
            why = "deletes the volumes, with their data"
            view.next_step(f"clouddeploy down --to {one.name}{place} --volumes", why=why)
        if not one.target.settings.existing and plugins.connect(one.target.settings).provisioner:
            view.next_step(f"clouddeploy cluster delete --to {one.name}", why="the cluster is still billed")


def _remove(project: App, target: Target, volumes: bool, dry_run: bool, progress: Progress) -> _Removed:
    from clouddeploy.kube.client import connect
    from clouddeploy.kube.down import remove_app
    from clouddeploy.kube.volumes import data_volumes

    app, place = project.name, target.namespace
    with connect(access(target, connected(target))) as kube:
        gone = remove_app(kube, app, place, volumes=volumes, dry_run=dry_run, progress=progress)
        return _Removed(gone, [] if volumes else data_volumes(kube, app, place))


def _print(outcome: Outcome[_Removed], *, dry_run: bool) -> None:
    if outcome.value is None:
        return
    verb = "would remove" if dry_run else "removed"
    what = ", ".join(outcome.value.gone) or "nothing: the app is not there"
    view.say(f"{outcome.name}  {verb} {what}")
    if outcome.value.kept:
        verb = "would keep" if dry_run else "kept"
        view.say(f"{outcome.name}  {verb} {', '.join(outcome.value.kept)}: data, still billed")
