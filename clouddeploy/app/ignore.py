"""Which files of a build context stay out of it: `.dockerignore`, with Docker's own rules.

They differ from Git's: a pattern is anchored at the context's root, `**` stands for any number of
folders, the last matching pattern wins, and a pattern that matches a folder excludes what is below.
Facts: https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path

from clouddeploy.app.problems import problem
from clouddeploy.app.textfile import read_text


@dataclass(frozen=True)
class Pattern:
    """One line: what it matches, and whether it takes files in again (`!`)."""

    text: str
    exception: bool
    regex: re.Pattern[str]


@dataclass(frozen=True)
class Ignore:
    """The patterns of one ignore file in their order; none when there is no such file."""

    patterns: tuple[Pattern, ...] = ()
    _folders: dict[str, tuple[bool, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, context: Path, dockerfile: Path) -> Ignore:
        """The rules for a build: `<Dockerfile>.dockerignore` beside the Dockerfile, else the context's.

        Raises ConfigError for a malformed pattern or an unreadable file.
        """
        own = dockerfile.with_name(dockerfile.name + ".dockerignore")
        for path in (own, context / ".dockerignore"):
            if path.is_file():
                return cls.parse(read_text(path), path)
        return cls()

    @classmethod
    def parse(cls, text: str, path: Path) -> Ignore:
        """The rules in the text of an ignore file; `path` is for errors."""
        lines = enumerate(text.split("\n"), start=1)
        found = (_parse_line(path, text, number, line) for number, line in lines)
        return cls(tuple(pattern for pattern in found if pattern))

    def excludes(self, path: str, is_dir: bool = False) -> bool:
        """Whether a path, relative to the context with slashes, stays out of it.

        Docker's rules make no difference between folders and files. An excluded folder may still
        hold files that an exception takes in again: see `prunes`.
        """
        excluded = False
        for pattern, matches in zip(self.patterns, self._matches(path.strip("/")), strict=True):
            if matches:
                excluded = not pattern.exception
        return excluded

    def prunes(self, folder: str) -> bool:
        """Whether nothing below a folder can be in the context, so that nobody need look there."""
        return self.excludes(folder, is_dir=True) and not any(
            pattern.exception and _may_reach_below(pattern.text, folder) for pattern in self.patterns
        )

    def _matches(self, path: str) -> tuple[bool, ...]:
        """For each pattern: does it match the path or a folder above it?"""
        parent = posixpath.dirname(path)
        above = self._folder(parent) if parent else (False,) * len(self.patterns)
        return tuple(
            hit or bool(pattern.regex.fullmatch(path))
            for pattern, hit in zip(self.patterns, above, strict=True)
        )

    def _folder(self, path: str) -> tuple[bool, ...]:
        if path not in self._folders:
            self._folders[path] = self._matches(path)
        return self._folders[path]


def _parse_line(path: Path, text: str, number: int, line: str) -> Pattern | None:
    stripped = line.strip()
    if line.startswith("#") or not stripped:
        return None
    exception = stripped.startswith("!")
    written = stripped[exception:].strip()
    fix = 'write patterns such as "**/*.log" or "!keep.log"; inside brackets escape - and ]'
    if not written:
        raise problem(path, text, number, 1, '"!" needs a pattern', fix=fix)
    cleaned = posixpath.normpath(written).lstrip("/") or "/"
    try:
        return Pattern(cleaned, exception, re.compile(translate(cleaned), re.DOTALL))
    except (ValueError, re.error) as error:
        column = line.index(written) + 1
        raise problem(path, text, number, column, f"malformed pattern: {error}", fix=fix) from error


def translate(pattern: str) -> str:
    """A cleaned pattern as a regular expression: Go's filepath.Match, and `**` for any folders.

    Raises ValueError for syntax that filepath.Match refuses.
    """
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**", at):
            stars = "**/" if pattern.startswith("**/", at) else "**"
            at += len(stars)
            out += _any_folders(pattern, at, first=at == len(stars))
        elif char == "[":
            written, at = _character_class(pattern, at + 1)
            out += written
        else:
            at += 1
            if char == "\\":
                if at == len(pattern):
                    raise ValueError("nothing follows the backslash")
                char, at = pattern[at], at + 1
                out += re.escape(char)
            else:
                out += {"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char)
    return out


def _any_folders(pattern: str, at: int, *, first: bool) -> str:
    if at == len(pattern):
        return ".*"
    rest = pattern[at:]
    # Docker compares `**name`, when the rest holds no wildcard, with the end of the path.
    if first and not pattern.startswith("**/") and not re.search(r"[*?\[\\]", rest):
        return ".*"
    return "(?:.*/)?"


def _character_class(pattern: str, at: int) -> tuple[str, int]:
    r"""The class that starts behind a bracket: `[^a-z\]]`; where it ends."""
    negated = pattern.startswith("^", at)
    at += negated
    out = ""
    while not pattern.startswith("]", at) or not out:
        low, at = _class_member(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _class_member(pattern, at + 1)
        if high < low:
            raise ValueError(f"the range {low}-{high} is backwards")
        out += f"{re.escape(low)}-{re.escape(high)}"
    # A class never matches a slash, in filepath.Match no more than in a shell.
    return f"(?!/)[{'^' if negated else ''}{out}]", at + 1


def _class_member(pattern: str, at: int) -> tuple[str, int]:
    char = pattern[at : at + 1]
    if char == "\\":
        at += 1
        char = pattern[at : at + 1]
    elif char in ("-", "]"):
        raise ValueError(f'"{char}" must be escaped inside brackets')
    if not char:
        raise ValueError("a bracket is not closed")
    return char, at + 1


def _may_reach_below(pattern: str, folder: str) -> bool:
    """Whether an exception could match the folder's contents; a wildcard counts as yes."""
    for wanted, actual in zip(pattern.split("/"), folder.split("/"), strict=False):
        if re.search(r"[*?\[\\]", wanted):
            return True
        if wanted != actual:
            return False
    return True
