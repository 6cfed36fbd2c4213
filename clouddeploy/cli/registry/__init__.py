"""`clouddeploy registry login|logout|list`"""

from __future__ import annotations

import typer

from clouddeploy.cli.late import Row, add_group

ROWS = (
    Row(
        "login",
        "clouddeploy.cli.registry.login",
        "login",
        "Log docker in, so that `docker pull` works too: to the targets' registries, or to HOST.",
    ),
    Row(
        "logout",
        "clouddeploy.cli.registry.logout",
        "logout",
        "Take logins from docker: those for the targets' registries, or the one for HOST.",
    ),
    Row(
        "list",
        "clouddeploy.cli.registry.listing",
        "list_registries",
        "List the targets' registries and the hosts that docker has logins for; each login is tried.",
    ),
)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    add_group(app, "registry", "Log docker in to registries, and out again.", ROWS)
