"""`clouddeploy status`"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from clouddeploy.app.model import App, Target
from clouddeploy.cli import options, view
from clouddeploy.cli.outcomes import finish
from clouddeploy.cli.project import chosen, find_app, short
from clouddeploy.release.deploy import access
from clouddeploy.release.targets import Outcome, connected, each

if TYPE_CHECKING:
    from clouddeploy.kube.status import ServiceStatus


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("status")(status)


def status(
    to: options.To = None,
    config: options.Config = None,
    namespace: options.Namespace = None,
    output: options.Form = options.Output.table,
) -> None:
    """Show what runs where: service, image, digest, ready replicas, age."""
    project = find_app(config, show_inferred=False)
    targets = chosen(project, to, namespace)
    outcomes = each(targets, lambda target: _read(project, target))
    if output is options.Output.table:
        columns = ("", "TARGET", "SERVICE", "READY", "DIGEST", "AGE", "IMAGE")
        view.table(columns, [row for outcome in outcomes for row in _rows(outcome)])
    else:
        view.data([_plain(outcome) for outcome in outcomes], output.value)
    finish(outcomes, "status")
    if not any(outcome.value for outcome in outcomes):
        view.next_step(f"clouddeploy deploy --to {outcomes[0].name}", why="nothing is deployed")


def _read(project: App, target: Target) -> list[ServiceStatus]:
    from clouddeploy.kube.client import connect
    from clouddeploy.kube.status import app_status

    provider = connected(target)
    with connect(access(target, provider)) as kube:
        return app_status(kube, project.name, target.namespace)


def _rows(outcome: Outcome[list[ServiceStatus]]) -> list[tuple[str | Text, ...]]:
    rows: list[tuple[str | Text, ...]] = []
    for one in outcome.value or ():
        name = one.image.partition("@")[0].partition("/")[2]
        ready = f"{one.ready}/{one.desired}"
        detail = f"{name}   {one.reason}" if one.reason else name
        healthy = one.ready >= one.desired and not one.reason
        rows.append(
            (view.tick(healthy), outcome.name, one.service, ready, short(one.digest), _age(one.age), detail)
        )
    return rows


def _plain(outcome: Outcome[list[ServiceStatus]]) -> dict[str, object]:
    error = outcome.error.message if outcome.error else None
    services = [asdict(one) for one in outcome.value or ()]
    return {
        "target": outcome.name,
        "namespace": outcome.target.namespace,
        "services": services,
        "error": error,
    }


def _age(seconds: float) -> str:
    for limit, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= limit:
            return f"{seconds // limit:.0f}{unit}"
    return f"{seconds:.0f}s"
