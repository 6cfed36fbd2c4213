"""Everything that people see. Results go to stdout, the rest to stderr; secrets are masked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clouddeploy.errors import CloudDeployError
from clouddeploy.seam.secret import redact

_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


def result(text: str) -> None:
    """Machine-readable output: to stdout, unwrapped and uncoloured."""
    sys.stdout.write(redact(text) if text.endswith("\n") else redact(text) + "\n")
    sys.stdout.flush()


def secret_result(text: str) -> None:
    """The one output that is a credential, for the program that asked for it."""
    sys.stdout.write(text + "\n")


def data(value: Any, form: str) -> None:
    """A value as JSON or YAML on stdout."""
    if form == "yaml":
        import yaml

        result(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
    else:
        result(json.dumps(value, indent=2, ensure_ascii=False))


def say(text: str, style: str = "") -> None:
    """A line for people, on stdout."""
    _out.print(Text(redact(text), style=style))


def note(text: str, style: str = "dim") -> None:
    """A line for people beside the result, on stderr."""
    _err.print(Text(redact(text), style=style))


def next_step(command: str, why: str = "") -> None:
    """The exact command to run next."""
    line = Text("→ ", style="cyan")
    line.append(redact(command), style="bold")
    line.append(f"   {why}" if why else "", style="dim")
    _err.print(line)


def failure(error: CloudDeployError) -> None:
    """An error and its fix, on stderr."""
    line = Text("error: ", style="bold red")
    line.append(redact(error.message), style="none")
    _err.print(line)
    if error.fix:
        fix = Text("  fix: ", style="bold green")
        fix.append(redact(error.fix))
        _err.print(fix)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Rows under headings, on stdout; the last column takes what is left of the width."""
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        grid.add_column(column, no_wrap=number < len(columns) - 1, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(redact(c)) if isinstance(c, str) else c for c in row))
    _out.print(grid, soft_wrap=False)


def fits(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bool:
    """Whether `table` would show this without folding a cell."""
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    return sum(widths) + 2 * (len(widths) - 1) <= _out.width


def tick(ok: bool | None) -> Text:
    """A green tick, a red cross, or a question mark for None."""
    if ok is None:
        return Text("?", style="yellow")
    return Text("✓", style="green") if ok else Text("✗", style="red")


def confirm(question: str, *, yes: bool) -> None:
    """Return when the answer is yes; without a terminal only `--yes` is one."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        from clouddeploy.errors import ConfigError

        raise ConfigError(f"not confirmed: {question}", fix="add --yes; nothing was changed")
    _err.print(Text(f"{question} [y/N] ", style="bold"), end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        import typer

        note("nothing was changed")
        raise typer.Exit(1)


def ask(question: str, *, hidden: bool = False) -> str | None:
    """What a person answers, without its line's end; None where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    if hidden:
        from getpass import getpass

        return getpass(f"{question}: ")
    _err.print(Text(f"{question}: ", style="bold"), end="")
    return sys.stdin.readline().rstrip("\r\n")


def console() -> Console:
    """Where progress is drawn."""
    return _err
