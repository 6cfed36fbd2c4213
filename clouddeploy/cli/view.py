"""Everything that people see. Results go to stdout, the rest to stderr; secrets are masked."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clouddeploy.cli import widths
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
    """Rows under headings, on stdout: no cell loses a character, wide ones fold on a narrow terminal."""
    cells = [[Text(redact(cell)) if isinstance(cell, str) else cell for cell in row] for row in rows]
    sizes = widths.fitted(columns, [[cell.plain for cell in row] for row in cells], limit())
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, widths.GAP, 0, 0))
    for column, size in zip(columns, sizes, strict=True):
        grid.add_column(column, width=size, overflow="fold")
    for row in cells:
        grid.add_row(*row)
    # With all columns sized, the table takes what they need, be it more than the console has.
    lines = _out.render_lines(grid, _out.options.update(width=widths.total(sizes)), pad=False)
    for line in lines:
        text = Text.assemble(*((part.text, part.style or "") for part in line))
        text.rstrip()
        _out.print(text)


def fits(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether `table` would show this without folding a cell."""
    most = limit()
    return most is None or widths.total(widths.natural(columns, rows)) <= most


def limit() -> int | None:
    """How many characters a line may have; a pipe gets whole lines, unless COLUMNS says how wide."""
    return _out.width if _out.is_terminal or os.environ.get("COLUMNS") else None


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
    try:
        _err.print(Text(f"{question} [y/N] ", style="bold"), end="")
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        _err.print()
        raise KeyboardInterrupt("nothing was changed") from None
    if answer.strip().lower() not in ("y", "yes"):
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
