"""`clouddeploy push`"""

from __future__ import annotations

import typer
from rich.text import Text

from clouddeploy.app.model import App, Target
from clouddeploy.cli import live, options, view
from clouddeploy.cli.outcomes import finish, trouble
from clouddeploy.cli.project import chosen, find_app, short, size
from clouddeploy.images.store import Store
from clouddeploy.release.build import build_app
from clouddeploy.release.push import Pushed, push_images
from clouddeploy.release.revision import release_id
from clouddeploy.release.targets import Outcome, connected, each


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("push")(push)


def push(
    to: options.To = None,
    config: options.Config = None,
    tag: options.Tag = None,
    engine: options.Engine = None,
    jobs: options.Jobs = 4,
    dry_run: options.DryRun = False,
) -> None:
    """Build the images and push them to the targets' registries.

    A repository that is missing is made. What a registry already has is not sent again, and
    each manifest is read back: success means that the registry holds exactly this digest.
    """
    project = find_app(config)
    targets = chosen(project, to)
    if dry_run:
        plan(project, targets)
        return
    with live.progress() as progress:
        built = build_app(project, Store.default(), engine=engine, progress=progress)
        images = {name: one.image for name, one in built.items()}
        release = tag or release_id(project.root, (image.manifest.digest for image in images.values()))

        def act(target: Target) -> list[Pushed]:
            return push_images(project, connected(target), images, release, jobs=jobs, progress=progress)

        outcomes = each(targets, act)
    view.say(f"release {release}", style="bold")
    view.table(("", "TARGET", "IMAGE", "DIGEST", "SENT", "TOOK", "RESULT"), rows(outcomes))
    finish(outcomes, "push")
    view.next_step(f"clouddeploy deploy --to {','.join(one.name for one in outcomes)}")


def plan(project: App, targets: list[Target]) -> None:
    """What a push would do, without building or asking a cloud."""
    for target in targets:
        for service in project.services:
            if not service.image_of:
                view.say(f"would push {project.name}/{service.name} to {target.settings.name}")
    view.note("nothing was changed")


def rows(outcomes: list[Outcome[list[Pushed]]]) -> list[tuple[str | Text, ...]]:
    """One row per image that arrived, one per target that failed."""
    lines: list[tuple[str | Text, ...]] = []
    for outcome in outcomes:
        lines += [_row(outcome.name, one) for one in outcome.value or ()]
        lines += trouble(outcome, columns=7)
    return lines


def _row(target: str, one: Pushed) -> tuple[str | Text, ...]:
    done = one.result
    made = "new repository, " if one.created else ""
    what = f"{made}pushed" if done.uploaded else f"{made}same digest"
    address = done.reference.partition("@")[0].rpartition(":")[0].partition("/")[2]
    return (
        view.tick(True),
        target,
        address,
        short(done.digest),
        size(done.bytes_sent),
        f"{done.seconds:.1f}s",
        what,
    )
