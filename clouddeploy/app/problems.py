"""How a mistake in a file is shown: where it is, what it is, the lines, a caret.

clouddeploy.yaml:4:5: unknown key "prot" (did you mean "port"?)
  3 |   web:
  4 |     prot: 8080
    |     ^
nothing was changed
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clouddeploy.errors import ConfigError

CONTEXT_LINES = 3
MOST_PROBLEMS = 10
MOST_COLUMNS = 120
UNCHANGED = "nothing was changed"

# Secrets do not belong into these files; where one is, it does not belong into a log as well.
_SECRET = re.compile(
    r"""((?:password|passwd|secret|token|credential|api_?key)\w*["']?\s*[:=]\s*)([^\s,}]+)""", re.IGNORECASE
)


@dataclass(frozen=True)
class Problem:
    """One mistake: `line` and `column` count from 1, `message` is one sentence, `fix` what to do."""

    line: int
    column: int
    message: str
    fix: str | None = None


def problem(
    path: Path, text: str, line: int, column: int, message: str, *, fix: str | None = None
) -> ConfigError:
    """The error for one mistake in a file whose contents are `text`."""
    return report(path, text, [Problem(line, column, message, fix)])


def report(path: Path, text: str, problems: Sequence[Problem]) -> ConfigError:
    """One error for all mistakes of a file, in the file's order, at most ten of them shown."""
    ordered = sorted(dict.fromkeys(problems), key=lambda each: (each.line, each.column))
    shown = ordered[:MOST_PROBLEMS]
    lines = text.split("\n")
    alone = len(shown) == 1
    parts = [_render(path, lines, each, with_fix=not alone) for each in shown]
    if len(ordered) > len(shown):
        parts.append(f"and {len(ordered) - len(shown)} more")
    places = "this place" if alone else "these places"
    again = f"correct {places} in {display(path)} and run the same command again"
    fix = (alone and shown[0].fix) or again
    return ConfigError("\n".join([*parts, UNCHANGED]), fix=fix)


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that `word` was probably meant to be, if one is close enough."""
    spellings = {each.lower(): each for each in known}
    matches = difflib.get_close_matches(word.lower()[:64], spellings, n=1, cutoff=likeness)
    return spellings[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """` (did you mean "port"?)`, or nothing when no known word is close."""
    match = nearest(word, known, likeness)
    return f' (did you mean "{match}"?)' if match else ""


def display(path: Path) -> str:
    """The path as a person at this folder would write it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (OSError, ValueError):
        return str(path)


def quoted(word: object) -> str:
    """A value from a file, short and free of control characters, for use in a sentence."""
    text = str(word)
    return '"' + _printable(text if len(text) <= 60 else text[:57] + "...") + '"'


def _render(path: Path, lines: Sequence[str], it: Problem, *, with_fix: bool) -> str:
    head = f"{display(path)}:{it.line}:{it.column}: {it.message}"
    tail = [f"  fix: {it.fix}"] if with_fix and it.fix else []
    return "\n".join([head, *_excerpt(lines, it), *tail])


def _excerpt(lines: Sequence[str], it: Problem) -> list[str]:
    """The line with the mistake under the lines before it, and a caret."""
    last = min(it.line, len(lines))
    width = len(str(last))
    numbers = range(max(1, last - CONTEXT_LINES + 1), last + 1)
    # A window that holds the caret: a minified file may have one line of a megabyte.
    start = max(0, it.column - MOST_COLUMNS)
    rows = [f"  {n:>{width}} | {_window(lines[n - 1], start)}".rstrip() for n in numbers]
    before = _window(lines[last - 1], start)[: max(0, it.column - 1 - start)]
    return [*rows, f"  {' ' * width} | {' ' * _columns(before)}^"]


def _window(line: str, start: int) -> str:
    masked = _SECRET.sub(lambda match: match[1] + "*" * len(match[2]), line[: start + MOST_COLUMNS + 20])
    return _printable(masked[start:].rstrip("\r"))


def _printable(text: str) -> str:
    """Tabs as one space; whatever could steer a terminal as the replacement character."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _columns(text: str) -> int:
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text
    )
