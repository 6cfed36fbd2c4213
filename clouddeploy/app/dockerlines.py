"""The lines of a Dockerfile: parser directives, comments, continuations, heredocs.

Facts: https://docs.docker.com/reference/dockerfile/#format, #parser-directives, #here-documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clouddeploy.app.problems import problem
from clouddeploy.app.substitution import split_words
from clouddeploy.errors import ConfigError

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_TAKES_HEREDOC = re.compile(r"\s*(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s", re.IGNORECASE)
_OPENER = re.compile(r"(\d*)<<(-?)([^<]+)")


@dataclass(frozen=True)
class Heredoc:
    """`<<NAME` and the lines up to NAME; `expand` is False when the name was quoted.

    `content` is ready to use: for `<<-` its leading tabs are gone. `descriptor` is the number before `<<`.
    """

    name: str
    content: str
    expand: bool = True
    strip_tabs: bool = False
    descriptor: int = 0


@dataclass(frozen=True)
class Line:
    """One instruction's text with its continuations joined; `number` counts from 1."""

    text: str
    number: int
    last: int
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(frozen=True)
class Source:
    """A Dockerfile's text, its name for errors, and what its parser directives say."""

    path: Path
    text: str = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    directives: dict[str, str]

    @property
    def escape(self) -> str:
        """The escape character: a backslash, or a backtick."""
        return self.directives.get("escape", "\\")

    def problem(
        self, line: int, message: str, *, at: str = "", last: int = 0, fix: str | None = None
    ) -> ConfigError:
        """An error at the first place of the word `at` from `line` to `last`, or where `line` begins."""
        for number in range(line, max(last, line) + 1) if at else ():
            column = self.lines[number - 1].find(at)
            if column >= 0:
                return problem(self.path, self.text, number, column + 1, message, fix=fix)
        written = self.lines[line - 1] if line <= len(self.lines) else ""
        indent = len(written) - len(written.lstrip())
        return problem(self.path, self.text, line, indent + 1, message, fix=fix)


def read_source(text: str, path: Path) -> Source:
    """The text cut into lines, and its parser directives, which stand before anything else."""
    text = text.removeprefix("\ufeff")
    lines = tuple(line.rstrip("\r") for line in text.split("\n"))
    source = Source(path, text, lines, {})
    for number, line in enumerate(lines, start=1):
        match = _DIRECTIVE.fullmatch(line.strip())
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES:
            break
        if name in source.directives:
            raise source.problem(number, f'a second "{name}" directive', fix="keep one of them")
        if name == "escape" and match[2] not in ("\\", "`"):
            raise source.problem(number, f'the escape character cannot be "{match[2]}"', fix="use \\ or `")
        source.directives[name] = match[2]
    return source


def logical_lines(source: Source) -> Iterator[Line]:
    """Instructions one by one, with their heredocs; ConfigError for a heredoc that never ends."""
    mark = re.escape(source.escape)
    # An escape that is itself escaped does not continue the line.
    continued = re.compile(rf"(?:(?<=[^{mark}])|^){mark}[ \t]*$")
    at = 0
    while at < len(source.lines):
        start = at
        text, at = _join(source.lines, at, continued)
        if not text.strip():
            continue
        heredocs, at = _heredocs(source, text, start + 1, at)
        yield Line(text, start + 1, at, heredocs)


def _join(lines: Sequence[str], at: int, continued: re.Pattern[str]) -> tuple[str, int]:
    """The text from line `at`, and the index behind it; comments and blank lines inside are left out."""
    if _is_comment(lines[at]):
        return "", at + 1
    line = lines[at].lstrip()
    parts: list[str] = []
    at += 1
    while (match := continued.search(line)) is not None:
        parts.append(line[: match.start()])
        while at < len(lines) and (_is_comment(lines[at]) or not lines[at].strip()):
            at += 1
        if at == len(lines):
            return "".join(parts), at
        line = lines[at]
        at += 1
    return "".join([*parts, line]), at


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _heredocs(source: Source, text: str, number: int, at: int) -> tuple[tuple[Heredoc, ...], int]:
    found: list[Heredoc] = []
    for opener in heredoc_openers(text):
        body: list[str] = []
        while at < len(source.lines):
            line = source.lines[at]
            at += 1
            if (line.lstrip("\t") if opener.strip_tabs else line) == opener.name:
                break
            body.append((line.lstrip("\t") if opener.strip_tabs else line) + "\n")
        else:
            message = f"the heredoc {opener.name} is not closed"
            raise source.problem(number, message, at="<<", last=at, fix=f"end it with a line {opener.name}")
        found.append(
            Heredoc(opener.name, "".join(body), opener.expand, opener.strip_tabs, opener.descriptor),
        )
    return tuple(found), at


def heredoc_openers(text: str) -> list[Heredoc]:
    """The heredocs that a RUN, COPY or ADD line opens, still empty; none for the exec form."""
    if "<<" not in text or not _TAKES_HEREDOC.match(text) or re.match(r"\S+\s+(?:--\S+\s+)*\[", text.strip()):
        return []
    words = split_words(re.sub(r"<<(-?)[ \t]+(?=[\w'\"])", r"<<\1", text))
    if any(_open_quote(word) for word in words):
        return []
    matches = (_OPENER.fullmatch(word) for word in words)
    return [_opener(match) for match in matches if match]


def _opener(match: re.Match[str]) -> Heredoc:
    name = re.sub(r"['\"]", "", match[3])
    return Heredoc(
        name, "", expand=name == match[3], strip_tabs=bool(match[2]), descriptor=int(match[1] or 0)
    )


def _open_quote(word: str) -> bool:
    quote = ""
    for char in re.sub(r"\\.", "", word):
        quote = "" if char == quote else quote or (char if char in "'\"" else "")
    return bool(quote)
