"""`clouddeploy push`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.app.model import App, Target
from clouddeploy.cli import live, options, view
from clouddeploy.cli.outcomes import finish, trouble
from clouddeploy.cli.project import chosen, find_app, short, size
from clouddeploy.images.store import Store
from clouddeploy.images.streamed import identity
from clouddeploy.push import How
from clouddeploy.release.build import local_name
from clouddeploy.release.given import app_images, given_images
from clouddeploy.release.push import Pushed, push_images
from clouddeploy.release.report import claim, reported
from clouddeploy.release.revision import release_id
from clouddeploy.release.targets import Outcome


class Compression(StrEnum):
    """How layers that an engine built are compressed."""

    gzip = "gzip"
    zstd = "zstd"


Report = Annotated[
    Path | None,
    typer.Option("--report", envvar="CLOUDDEPLOY_REPORT", help="Write what was done here, as JSON."),
]
Compress = Annotated[
    Compression,
    typer.Option(
        "--compression", envvar="CLOUDDEPLOY_COMPRESSION", help="zstd needs containerd 1.5 or later."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("push")(push)


def push(
    to: options.To = None,
    config: options.Config = None,
    tag: options.Tag = None,
    engine: options.Engine = None,
    image: options.Images = None,
    jobs: options.Jobs = 4,
    compression: Compress = Compression.gzip,
    report: Report = None,
    allow_secrets: options.AllowSecrets = False,
    dry_run: options.DryRun = False,
) -> None:
    """Build the images once and push them to all targets' registries at once.

    A repository that is missing is made. What a registry already has is not sent again, and
    each manifest is read back: success means that the registry holds exactly this digest.
    """
    project = find_app(config)
    targets = chosen(project, to)
    given = given_images(project, image or ())
    if dry_run:
        plan(project, targets, given)
        return
    if report:
        claim(report)
    with (
        live.progress() as progress,
        app_images(project, Store.default(), given, engine=engine, progress=progress) as images,
    ):
        release = tag or release_id(project.root, (identity(one) for one in images.values()))
        how = How(jobs, compression.value, progress=progress)
        outcomes = reported(
            report,
            release,
            targets,
            lambda: push_images(project, targets, images, release, how, allow_secrets=allow_secrets),
        )
    view.say(f"release {release}", style="bold")
    view.table(("IMAGE", "DIGEST", "PUSHED AS"), digests(project, release, outcomes))
    view.table(("", "TARGET", "REGISTRY", "SENT", "TOOK", "RESULT"), rows(outcomes))
    finish(outcomes, "push")
    view.next_step(f"clouddeploy deploy --to {','.join(one.name for one in outcomes)}")


def plan(project: App, targets: list[Target], given: Mapping[str, str]) -> None:
    """What a push would do, without building or asking a cloud."""
    for target in targets:
        for service in project.services:
            if not service.image_of:
                source = f", from {given[service.name]}," if service.name in given else ""
                view.say(f"would push {local_name(project, service.name)}{source} to {target.settings.name}")
    view.note("nothing was changed")


def digests(
    project: App, release: str, outcomes: Sequence[Outcome[list[Pushed]]]
) -> list[tuple[str | Text, ...]]:
    """One row for each image that arrived anywhere; its digest is the same everywhere."""
    found = {one.service: one.result.digest for outcome in outcomes for one in outcome.value or ()}
    return [(local_name(project, name), short(digest), release) for name, digest in found.items()]


def rows(outcomes: Sequence[Outcome[list[Pushed]]]) -> list[tuple[str | Text, ...]]:
    """One row for each target."""
    lines: list[tuple[str | Text, ...]] = []
    for outcome in outcomes:
        lines += trouble(outcome, columns=6)
        if outcome.error is None and outcome.value:
            lines.append(_row(outcome, outcome.value))
    return lines


def _row(outcome: Outcome[list[Pushed]], images: Sequence[Pushed]) -> tuple[str | Text, ...]:
    sent = sum(one.result.bytes_sent for one in images)
    host = images[0].result.reference.partition("/")[0]
    return (view.tick(True), outcome.name, host, size(sent), f"{outcome.seconds:.1f}s", _what(images))


def _what(images: Sequence[Pushed]) -> str:
    pushed = [one for one in images if not one.result.unchanged]
    made = [one.service for one in images if one.created]
    parts = [f"pushed {len(pushed)}"] if pushed else ["same digest, nothing to do"]
    if len(pushed) < len(images) and pushed:
        parts.append(f"same digest {len(images) - len(pushed)}")
    if made:
        parts.append(f"new repository {' '.join(made)}")
    return ", ".join(parts)
