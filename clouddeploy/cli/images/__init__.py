"""`clouddeploy images ls|tag|copy|prune`"""

from __future__ import annotations

import typer

from clouddeploy.cli.images import copy, ls, prune, tag


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="What the registries hold: look, tag, clear away.")
    group.command("ls")(ls.ls)
    group.command("tag")(tag.tag)
    group.command("copy")(copy.copy)
    group.command("prune")(prune.prune)
    app.add_typer(group, name="images")
