"""What the cluster commands share: their target, its settings, how a plan is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from clouddeploy import clusters
from clouddeploy.app.model import Target
from clouddeploy.cli import view
from clouddeploy.cli.project import find_app, one
from clouddeploy.release.targets import connected
from clouddeploy.seam.provider import Provider
from clouddeploy.seam.target import TargetSettings

PATIENCE = 45 * 60  # seconds; an EKS control plane takes 13 to 16 minutes, and sometimes longer

Name = Annotated[
    str | None, typer.Option("--name", envvar="CLOUDDEPLOY_NAME", help="Instead of the target's cluster.")
]


def connect(to: Sequence[str] | None, config: Path | None) -> tuple[Target, Provider]:
    """The only target of `--to`, and its provider."""
    target = one(find_app(config, show_inferred=False), to)
    return target, connected(target)


def settings_of(target: Target, name: str | None, **wanted: Any) -> TargetSettings:
    """The target's settings, with this name and what else is wanted of its cluster; None changes nothing."""
    given = {key: value for key, value in {"name": name, **wanted}.items() if value is not None}
    return replace(target.settings, cluster=replace(target.settings.cluster, **given))


def naming(settings: TargetSettings, name: str | None) -> str:
    """The options that mean the same target and cluster again."""
    return f"--to {settings.name}" + (f" --name {name}" if name else "")


def print_plan(planned: Sequence[clusters.Planned]) -> None:
    """What would be done about each resource."""
    view.table(
        ("ACTION", "RESOURCE", "STATE", ""),
        [(one.action.value, one.title, one.state.status.value, one.reason) for one in planned],
    )
