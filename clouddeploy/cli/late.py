"""Groups of commands whose modules are imported when they are called: `images copy` needs no Kubernetes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command


class Row(NamedTuple):
    """A command of a group: `function` of `module`, and the first line of its help."""

    name: str
    module: str
    function: str
    help: str
    hidden: bool = False


def add_group(app: typer.Typer, name: str, help_: str, rows: Sequence[Row]) -> None:
    """Add a group to the application."""
    known = {row.name: row for row in rows}

    class Late(TyperGroup):
        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            if args and args[0] in known:
                self.commands[args[0]] = load(known[args[0]])
            return super().resolve_command(ctx, args)

    group = typer.Typer(cls=Late, no_args_is_help=True, help=help_)
    for row in rows:
        group.command(row.name, help=row.help, hidden=row.hidden)(lambda: None)
    app.add_typer(group, name=name)


def load(row: Row) -> Any:
    """The command itself."""
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(row.name, hidden=row.hidden)(getattr(import_module(row.module), row.function))
    return get_command(alone)
