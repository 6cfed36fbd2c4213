"""`clouddeploy deploy`"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.app.model import App, Target
from clouddeploy.cli import live, options, view
from clouddeploy.cli.outcomes import finish, trouble
from clouddeploy.cli.project import chosen, find_app, seconds
from clouddeploy.images.store import Image, Store
from clouddeploy.progress import Progress
from clouddeploy.release.build import build_app, find_built
from clouddeploy.release.deploy import Change, access, manifests
from clouddeploy.release.deploy import deploy as deploy_objects
from clouddeploy.release.push import find_pushed, local_references, push_images, references
from clouddeploy.release.revision import release_id
from clouddeploy.release.targets import Outcome, connected, each

Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", envvar="CLOUDDEPLOY_WAIT", help="Wait until it is healthy.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("deploy")(deploy)


def deploy(
    to: options.To = None,
    config: options.Config = None,
    tag: options.Tag = None,
    namespace: options.Namespace = None,
    engine: options.Engine = None,
    jobs: options.Jobs = 4,
    timeout: options.Timeout = None,
    wait: Wait = True,
    dry_run: options.DryRun = False,
) -> None:
    """Build, push, apply, and wait until the rollout is healthy, or say why it is not.

    With --tag nothing is built: the images pushed under that tag are deployed.
    """
    project = find_app(config)
    targets = chosen(project, to, namespace)
    patience = seconds(timeout, project.rollout_timeout) if wait else None
    with live.progress() as progress:
        images = _images(project, engine, progress, build=not (tag or dry_run))
        release = tag or release_id(project.root, (image.manifest.digest for image in images.values()))

        def act(target: Target) -> list[Change]:
            provider = connected(target)
            access(target, provider)  # a cluster that is missing is found before anything is pushed
            if tag:
                pinned = find_pushed(project, target, provider, tag)
            elif dry_run:
                pinned = local_references(project, target, provider, images, release)
            else:
                pushed = push_images(project, provider, images, release, jobs=jobs, progress=progress)
                pinned = references(target, pushed)
            objects = manifests(project, target, provider, pinned, release)
            return deploy_objects(
                target, provider, objects, timeout=patience, dry_run=dry_run, progress=progress
            )

        outcomes = each(targets, act)
    view.say(f"release {release}", style="bold")
    view.table(("", "TARGET", "NAMESPACE", "TOOK", "RESULT"), _rows(outcomes, wait=wait, dry_run=dry_run))
    finish(outcomes, "deploy")
    view.next_step(f"clouddeploy status --to {','.join(one.name for one in outcomes)}")


def _images(project: App, engine: str | None, progress: Progress, *, build: bool) -> Mapping[str, Image]:
    if not build:
        return find_built(project, Store.default())
    built = build_app(project, Store.default(), engine=engine, progress=progress)
    return {name: one.image for name, one in built.items()}


def _rows(
    outcomes: list[Outcome[list[Change]]], *, wait: bool, dry_run: bool
) -> list[tuple[str | Text, ...]]:
    rows: list[tuple[str | Text, ...]] = []
    for outcome in outcomes:
        rows += trouble(outcome, columns=5)
        if outcome.value is not None:
            counts = Counter(change.action for change in outcome.value)
            text = ", ".join(f"{count} {action}" for action, count in counts.items())
            end = "; nothing was changed" if dry_run else "; healthy" if wait else "; not waited for"
            namespace = outcome.target.namespace
            rows.append((view.tick(True), outcome.name, namespace, f"{outcome.seconds:.1f}s", text + end))
    return rows
