"""`clouddeploy config show|schema`"""

from __future__ import annotations

import typer

from clouddeploy.app.schema import config_schema
from clouddeploy.app.show import show_app
from clouddeploy.cli import options, view
from clouddeploy.cli.project import find_app


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="What clouddeploy.yaml says and may say.")
    group.command("show")(show)
    group.command("schema")(schema)
    app.add_typer(group, name="config")


def show(config: options.Config = None, output: options.Form = options.Output.yaml) -> None:
    """Print the effective config, with every inferred value's source."""
    form = "json" if output is options.Output.json else "yaml"
    view.data(show_app(find_app(config)), form)


def schema() -> None:
    """Print the JSON Schema of clouddeploy.yaml, for editors."""
    view.data(config_schema(), "json")
