"""`clouddeploy down`"""

from __future__ import annotations

import typer

from clouddeploy import plugins
from clouddeploy.app.model import App, Target
from clouddeploy.cli import live, options, view
from clouddeploy.cli.outcomes import finish
from clouddeploy.cli.project import chosen, find_app
from clouddeploy.progress import Progress
from clouddeploy.release.deploy import access
from clouddeploy.release.targets import Outcome, connected, each


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("down")(down)


def down(
    to: options.To = None,
    config: options.Config = None,
    namespace: options.Namespace = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Remove the app from its targets: only what clouddeploy made for it.

    Clusters, registries and images stay.
    """
    project = find_app(config, show_inferred=False)
    targets = chosen(project, to, namespace)
    names = ", ".join(target.settings.name for target in targets)
    if not dry_run:
        view.confirm(f"remove {project.name} from {names}?", yes=yes)
    with live.progress() as progress:
        outcomes = each(targets, lambda target: _remove(project, target, dry_run, progress))
    for outcome in outcomes:
        _print(outcome, dry_run=dry_run)
    finish(outcomes, "down")
    if dry_run:
        view.note("nothing was changed")
        return
    for one in outcomes:
        if plugins.connect(one.target.settings).provisioner:
            view.next_step(f"clouddeploy cluster delete --to {one.name}", why="the cluster is still billed")


def _remove(project: App, target: Target, dry_run: bool, progress: Progress) -> list[str]:
    from clouddeploy.kube.client import connect
    from clouddeploy.kube.down import remove_app

    with connect(access(target, connected(target))) as kube:
        return remove_app(kube, project.name, target.namespace, dry_run=dry_run, progress=progress)


def _print(outcome: Outcome[list[str]], *, dry_run: bool) -> None:
    if outcome.value is None:
        return
    verb = "would remove" if dry_run else "removed"
    what = ", ".join(outcome.value) or "nothing: the app is not there"
    view.say(f"{outcome.name}  {verb} {what}")
