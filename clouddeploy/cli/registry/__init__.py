"""`clouddeploy registry login|logout|list`"""

from __future__ import annotations

import typer

from clouddeploy.cli.registry import listing, login, logout


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Log docker in to registries, and out again.")
    group.command("login")(login.login)
    group.command("logout")(logout.logout)
    group.command("list")(listing.list_registries)
    app.add_typer(group, name="registry")
