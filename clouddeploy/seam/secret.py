"""The one kind of value that must never be seen."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

_SHORTEST_SECRET = 8  # masking shorter values would garble ordinary words

_known_secrets: set[str] = set()


def redact(text: str) -> str:
    """`text` without the value of any Secret made so far: plain, base64, URL-quoted or as JSON."""
    for value in sorted(_known_secrets, key=len, reverse=True):
        encoded = base64.b64encode(value.encode()).decode().rstrip("=")
        for form in (value, encoded, quote(value, safe=""), json.dumps(value)[1:-1]):
            text = text.replace(form, "***")
    return text


class Secret:
    """A string that cannot be printed by accident: `repr`, `str` and formatting hide it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= _SHORTEST_SECRET:
            _known_secrets.add(value)

    def reveal(self) -> str:
        """The plain value, for the one request that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
