"""WWW-Authenticate: what a registry wants to see (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PIECE = re.compile(rf"\s*,?\s*({_TOKEN})(?:\s*=\s*({_QUOTED}|{_TOKEN}))?", re.ASCII)


@dataclass(frozen=True)
class Challenge:
    """A scheme in lowercase and its parameters, names in lowercase."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """All challenges, in order; what cannot be read ends its header's list."""
    return [challenge for header in headers for challenge in _parse(header)]


def choose(challenges: Iterable[Challenge]) -> Challenge | None:
    """The one we can answer: Bearer with a realm rather than Basic."""
    found = list(challenges)
    bearer = (one for one in found if one.scheme == "bearer" and one.parameters.get("realm"))
    basic = (one for one in found if one.scheme == "basic")
    return next(bearer, None) or next(basic, None)


def _parse(header: str) -> list[Challenge]:
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    while match := _PIECE.match(header, position):
        name, value = match[1].lower(), match[2]
        position = match.end()
        if value is None:
            found.append((name, {}))
        elif found:
            found[-1][1].setdefault(name, _unquote(value))
    return [Challenge(scheme, parameters) for scheme, parameters in found]


def _unquote(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
