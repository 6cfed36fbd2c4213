"""`clouddeploy cluster create|list|show|kubeconfig|scale|upgrade|delete|leftovers`"""

from __future__ import annotations

import typer

from clouddeploy.cli import token
from clouddeploy.cli.cluster import change, look, make, remove


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Make, see, use, change and delete clusters.")
    group.command("create")(make.create)
    group.command("list")(look.list_clusters)
    group.command("show")(look.show)
    group.command("kubeconfig")(look.kubeconfig)
    group.command("scale")(change.scale)
    group.command("upgrade")(change.upgrade)
    group.command("delete")(remove.delete)
    group.command("leftovers")(remove.leftovers)
    group.command("token", hidden=True)(token.token)
    app.add_typer(group, name="cluster")
