"""`clouddeploy deploy`"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.app.model import App, Target
from clouddeploy.cli import live, options, view
from clouddeploy.cli.estimates import print_monthly
from clouddeploy.cli.outcomes import finish, trouble
from clouddeploy.cli.project import chosen, find_app, seconds
from clouddeploy.errors import ConfigError
from clouddeploy.images.sources import Source
from clouddeploy.images.store import Store
from clouddeploy.images.streamed import Archive, identity
from clouddeploy.push import How
from clouddeploy.release.deploy import Deployed, access, manifests
from clouddeploy.release.deploy import deploy as deploy_objects
from clouddeploy.release.given import app_images, given_images
from clouddeploy.release.push import Pushed, find_pushed, local_references, push_images, references
from clouddeploy.release.revision import release_id
from clouddeploy.release.targets import Outcome, connected, each, go_on

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
    image: options.Images = None,
    jobs: options.Jobs = 4,
    timeout: options.Timeout = None,
    wait: Wait = True,
    allow_secrets: options.AllowSecrets = False,
    dry_run: options.DryRun = False,
) -> None:
    """Build, push, apply, and wait until the rollout is healthy, or say why it is not.

    With --tag nothing is built: the images pushed under that tag are deployed.
    """
    if tag and image:
        raise ConfigError(
            "--tag deploys what was pushed before, so --image has no meaning",
            fix=f"first: clouddeploy push --tag {tag} --image {image[0]}",
        )
    project = find_app(config)
    targets = chosen(project, to, namespace)
    patience = seconds(timeout, project.rollout_timeout) if wait else None
    given, build = given_images(project, image or ()), not (tag or dry_run)
    with (
        live.progress() as progress,
        app_images(project, Store.default(), given, build=build, engine=engine, progress=progress) as images,
    ):
        release = tag or release_id(project.root, (identity(image) for image in images.values()))

        # a cluster that is missing is found before anything is pushed
        reached = each(targets, lambda target: access(target, connected(target)), at_once=True)

        how = How(jobs, progress=progress)

        def pin(some: list[Target]) -> list[Outcome[dict[str, str]]]:
            if tag:
                return each(some, lambda one: find_pushed(project, one, connected(one), release))
            if dry_run:
                return each(some, lambda one: _would_be(project, one, images, release))
            return _pushed(push_images(project, some, images, release, how, allow_secrets=allow_secrets))

        pinned = go_on(reached, pin)
        found = {one.name: one.value or {} for one in pinned}

        def act(target: Target) -> Deployed:
            provider = connected(target)
            objects = manifests(project, target, provider, found[target.settings.name], release)
            return deploy_objects(
                target, provider, objects, timeout=patience, dry_run=dry_run, progress=progress
            )

        outcomes = go_on(pinned, lambda some: each(some, act))
    view.say(f"release {release}", style="bold")
    view.table(("", "TARGET", "NAMESPACE", "TOOK", "RESULT"), _rows(outcomes, wait=wait, dry_run=dry_run))
    _tell_pulls(outcomes, dry_run=dry_run)
    if dry_run:
        for one in outcomes:
            print_monthly(one.target)
    finish(outcomes, "deploy")
    view.next_step(f"clouddeploy status --to {','.join(one.name for one in outcomes)}")


def _would_be(project: App, target: Target, images: Mapping[str, Source], release: str) -> dict[str, str]:
    known = {name: image for name, image in images.items() if not isinstance(image, Archive)}
    return local_references(project, target, connected(target), known, release)


def _pushed(outcomes: list[Outcome[list[Pushed]]]) -> list[Outcome[dict[str, str]]]:
    """The pinned references of each target's images."""
    return [
        Outcome(one.target, one.seconds, references(one.target, one.value or []), None)
        if one.error is None
        else Outcome(one.target, one.seconds, error=one.error)
        for one in outcomes
    ]


def _rows(outcomes: list[Outcome[Deployed]], *, wait: bool, dry_run: bool) -> list[tuple[str | Text, ...]]:
    rows: list[tuple[str | Text, ...]] = []
    for outcome in outcomes:
        rows += trouble(outcome, columns=5)
        if outcome.value is not None:
            counts = Counter(change.action for change in outcome.value.changes)
            text = ", ".join(f"{count} {action}" for action, count in counts.items())
            end = "; nothing was changed" if dry_run else "; healthy" if wait else "; not waited for"
            namespace = outcome.target.namespace
            rows.append((view.tick(True), outcome.name, namespace, f"{outcome.seconds:.1f}s", text + end))
    return rows


def _tell_pulls(outcomes: list[Outcome[Deployed]], *, dry_run: bool) -> None:
    """What was done so that the clusters may pull, and what of it somebody else has to do."""
    for one in outcomes:
        pulling = one.value.pulling if one.value else None
        if pulling and pulling.done:
            verb = "would let" if dry_run else "let"
            view.note(f"{one.name}  {verb} the cluster pull: {pulling.done}")
        if pulling and pulling.refused:
            view.note(f"{one.name}  the cluster may not be able to pull: {pulling.refused.message}")
            view.note(f"  {pulling.refused.fix}")
