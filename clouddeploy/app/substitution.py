"""Words and variables as Dockerfile instructions know them.

Facts: https://docs.docker.com/reference/dockerfile/#environment-replacement, and for the
pattern operators the POSIX shell, section 2.6.2 "Parameter Expansion".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from clouddeploy.errors import ConfigError

_NAME = re.compile(r"[0-9]+|[@*#?$!-]|[^\W\d]\w*")
_MOST_NESTING = 20
_MOST_TEXT = 1024 * 1024
_BREAK = "\0"


def split_words(text: str, escape: str = "\\") -> tuple[str, ...]:
    """The blank-separated words of `text`, quotes and escapes kept as written."""
    return tuple(word for word, _ in words_from(text, escape))


def words_from(text: str, escape: str = "\\") -> Iterator[tuple[str, int]]:
    """The words of `text` one by one, each with the index where it begins."""
    word: list[str] = []
    quote = ""
    start = 0
    characters = enumerate(text)
    for at, char in characters:
        if char.isspace() and not quote:
            if word:
                yield "".join(word), start
            word = []
            continue
        start = start if word else at
        if char == escape and quote != "'":
            _, follower = next(characters, (at, ""))
            word += [char, follower] if follower else []
        else:
            quote = _quote_after(quote, char)
            word.append(char)
    if word:
        yield "".join(word), start


def _quote_after(quote: str, char: str) -> str:
    if quote:
        return "" if char == quote else quote
    return char if char in "'\"" else ""


def expand(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """`text` with its variables replaced and its quotes and escapes removed, as Docker does.

    Understands $A, ${A}, ${A:-b}, ${A:+b}, ${A:?b} (each also without the colon), ${A#p}, ${A##p},
    ${A%p}, ${A%%p}, ${A/p/r} and ${A//p/r}. Raises ConfigError, without a place in a file, for
    bad syntax and for a `?` that is not met.
    """
    return _Expansion(text, variables, escape).read("")


def expand_words(text: str, variables: Mapping[str, str], escape: str = "\\") -> tuple[str, ...]:
    """The words of `text` after expansion; blanks in an unquoted variable's value part words too."""
    parted = _Expansion(text, variables, escape, words=True).read("")
    return tuple(word for word in parted.split(_BREAK) if word)


class _Expansion:
    """A reader of one text, from left to right."""

    def __init__(self, text: str, variables: Mapping[str, str], escape: str, *, words: bool = False) -> None:
        self.words = words
        self.text = text
        self.variables = variables
        self.escape = escape
        self.at = 0
        self.depth = 0
        self.size = 0

    def read(self, stop: str, *, keep_escapes: bool = False) -> str:
        """Expand up to an unquoted `stop` character, which is consumed, or to the end for ""."""
        out: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if stop and char == stop:
                self.at += 1
                return "".join(out)
            if char in "'\"":
                out.append(self._quoted(char))
            elif char == "$":
                out.append(self._parted(self._variable()))
            elif char == self.escape:
                out.append((char if keep_escapes else "") + self.text[self.at + 1 : self.at + 2])
                self.at += 2
            else:
                out.append(self._parted(char))
                self.at += 1
        if stop:
            raise self._error(f'missing "{stop}"')
        return "".join(out)

    def _parted(self, text: str) -> str:
        """Unquoted text, its blanks made word breaks where words are wanted."""
        return re.sub(r"\s+", _BREAK, text) if self.words else text

    def _quoted(self, quote: str) -> str:
        self.at += 1
        out: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == quote:
                self.at += 1
                return "".join(out)
            if quote == '"' and char == "$":
                out.append(self._variable())
                continue
            follower = self.text[self.at + 1 : self.at + 2]
            if quote == '"' and char == self.escape and follower in ('"', "$", self.escape):
                self.at += 1
                char = follower
            out.append(char)
            self.at += 1
        raise self._error(f"a quote {quote} is not closed")

    def _variable(self) -> str:
        value = self._value()
        self.size += len(value)
        if self.size > _MOST_TEXT:
            raise self._error("more than 1 MiB of text")
        return value

    def _value(self) -> str:
        self.at += 1
        if self.text[self.at : self.at + 1] != "{":
            name = self._name()
            return self.variables.get(name, "") if name else "$"
        self.at += 1
        self.depth += 1
        if self.depth > _MOST_NESTING:
            raise self._error("too many nested substitutions")
        value = self._braced(self._name())
        self.depth -= 1
        return value

    def _name(self) -> str:
        match = _NAME.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match.group()

    def _braced(self, name: str) -> str:
        if not name:
            raise self._error("bad substitution")
        value = self.variables.get(name)
        operator = self._take()
        if operator == "}":
            return value or ""
        if operator == ":":
            value = value or None
            operator = self._take()
            if operator not in tuple("-+?"):
                raise self._error(f'unsupported modifier ":{operator}"')
        return self._modified(name, value, operator)

    def _take(self) -> str:
        if self.at >= len(self.text):
            raise self._error('missing "}"')
        self.at += 1
        return self.text[self.at - 1]

    def _modified(self, name: str, value: str | None, operator: str) -> str:
        if operator == "/":
            return self._replaced(value or "")
        if operator in ("#", "%"):
            return _trimmed(value or "", operator, self.read("}", keep_escapes=True))
        if operator not in ("-", "+", "?"):
            raise self._error(f'unsupported modifier "{operator}"')
        word = self.read("}")
        if operator == "+":
            return word if value is not None else ""
        if value is None and operator == "?":
            raise ConfigError(
                f"{name}: {word or 'a value is required'}", fix=f"give {name} a value: build args, ARG or ENV"
            )
        return word if value is None else value

    def _replaced(self, value: str) -> str:
        everywhere = self.text[self.at : self.at + 1] == "/"
        self.at += everywhere
        pattern = _pattern(self.read("/", keep_escapes=True))
        replacement = self.read("}", keep_escapes=True)
        out, at = "", 0
        while at < len(value):
            ends = _ends(pattern, value[at:])
            if ends and ends[-1]:
                out, at = out + replacement, at + ends[-1]
                if not everywhere:
                    break
            else:
                out, at = out + value[at], at + 1
        return out + value[at:]

    def _error(self, reason: str) -> ConfigError:
        return ConfigError(
            f'{reason} in "{self.text[:80]}"', fix="see the Dockerfile reference: environment replacement"
        )


def _trimmed(value: str, operator: str, pattern: str) -> str:
    """`value` without the shortest (`#`, `%`) or longest (`##`, `%%`) match at its start or end."""
    longest = pattern.startswith(operator)
    tokens = _pattern(pattern[longest:])
    if operator == "%":
        ends = _ends(tokens[::-1], value[::-1])
        return value[: len(value) - ends[-1 if longest else 0]] if ends else value
    ends = _ends(tokens, value)
    return value[ends[-1 if longest else 0] :] if ends else value


def _pattern(text: str) -> list[str]:
    r"""Tokens of a shell pattern: `*`, `?`, or a literal written as `=c`; a backslash makes a literal."""
    tokens: list[str] = []
    characters = iter(text)
    for char in characters:
        tokens.append("=" + next(characters, "\\") if char == "\\" else char if char in "*?" else "=" + char)
    return tokens


def _ends(tokens: list[str], text: str) -> list[int]:
    """Where a match that starts at 0 can end, ascending; time grows with tokens times text."""
    reached = [0]
    for token in tokens:
        if token == "*":  # noqa: S105  # a wildcard
            reached = list(range(reached[0], len(text) + 1)) if reached else []
        else:
            reached = [at + 1 for at in reached if at < len(text) and token in ("?", "=" + text[at])]
    return reached
