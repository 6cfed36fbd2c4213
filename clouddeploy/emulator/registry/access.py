"""Who may do what: the registry asks, once per request, what an Authorization header is worth."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

Action = str
"""`pull`, `push` or `delete`, as in a token's scope."""


@dataclass(frozen=True)
class Access:
    """What a registry answers to one Authorization header: allowed, challenged (401) or denied (403).

    With `scopes` an allowed request may do only these (repository, action) pairs; anything
    else is challenged again. `challenge` is the value of WWW-Authenticate; a Bearer challenge
    gets the scope that the request needs added. `body` replaces the JSON error, for
    registries that answer in plain text.
    """

    allowed: bool
    challenge: str | None = None
    code: str = "UNAUTHORIZED"
    message: str = "authentication required"
    body: bytes | None = None
    scopes: frozenset[tuple[str, Action]] | None = None

    @classmethod
    def allow(cls, scopes: frozenset[tuple[str, Action]] | None = None, challenge: str | None = None) -> Self:
        """May do everything, or only what `scopes` lists."""
        return cls(True, challenge=challenge, scopes=scopes)

    @classmethod
    def challenged(cls, challenge: str, body: bytes | None = None) -> Self:
        """401 with this WWW-Authenticate value: the client has to log in."""
        return cls(False, challenge=challenge, body=body)

    @classmethod
    def denied(cls, code: str, message: str) -> Self:
        """403: who this is is known, and it is not enough."""
        return cls(False, code=code, message=message)

    def permits(self, repository: str, action: Action) -> bool:
        """Whether an allowed request may do `action` in `repository`."""
        return self.allowed and (self.scopes is None or (repository, action) in self.scopes)


Authorize = Callable[[str | None], Access]
"""Judges the value of an Authorization header, None when there is none."""


def anonymous(_: str | None) -> Access:
    """Lets everybody do everything."""
    return Access.allow()


def basic(users: Mapping[str, str], challenge: str = 'Basic realm="registry"') -> Authorize:
    """Lets users in with HTTP Basic (RFC 7617), everybody else is challenged."""

    def authorize(header: str | None) -> Access:
        found = basic_credentials(header)
        return Access.allow() if found and matches(users, *found) else Access.challenged(challenge)

    return authorize


def matches(users: Mapping[str, str], username: str, password: str) -> bool:
    """Whether `password` is this user's."""
    return hmac.compare_digest(users.get(username, "").encode(), password.encode()) and username in users


def basic_credentials(header: str | None) -> tuple[str, str] | None:
    """Username and password of a Basic Authorization header, None when it is none."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        username, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (username, password) if colon else None
