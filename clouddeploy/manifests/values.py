"""Where a template's values wait while its text is parsed as YAML.

A value never becomes template output. Every expression is written as a JSON string that
stands for it; once the text is parsed, the value takes the place of the string. So no value
can open a mapping, end a quote or start a comment, whatever it contains, and an expression
that stands for only a part of a YAML value is found instead of silently quoted.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

Value = str | int | float | bool | None | list[Any] | dict[str, Any]


class Values:
    """The values of one rendering, each behind a mark that no template can guess."""

    def __init__(self) -> None:
        self._prefix = f"value-{secrets.token_hex(8)}-"
        self._values: list[Value] = []

    def mark(self, value: object) -> str:
        """The JSON string to write in the value's place; TypeError for what JSON cannot say."""
        self._values.append(plain(value))
        return f'"{self._prefix}{len(self._values) - 1}"'

    def marked(self, scalar: str) -> bool:
        """Whether a scalar of the parsed text holds a mark, whole or as a part."""
        return self._prefix in scalar

    def value(self, scalar: str) -> Value:
        """The value behind a mark; ValueError when the scalar is more than one mark."""
        number = scalar.removeprefix(self._prefix)
        if not number.isdecimal():
            raise ValueError(scalar)
        return self._values[int(number)]

    def hide(self, text: str) -> list[str]:
        """What is left of rendered text between the marks."""
        pieces = text.split(f'"{self._prefix}')
        return [pieces[0], *(piece.partition('"')[2] for piece in pieces[1:])]


def plain(value: object) -> Value:
    """A copy made of dicts, lists and scalars; TypeError for anything else, ValueError for bad text."""
    if isinstance(value, str):
        value.encode()  # a lone surrogate has no UTF-8 form
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"a {type(value).__name__} cannot be written as YAML")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is not text")
    return str(plain(key))
