"""Logins to registries, and the short-lived tokens that they are exchanged for."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

Scopes = frozenset[tuple[str, str]]
"""(repository, action) each."""

TOKEN_LIFE = timedelta(minutes=5)

_SCOPE = re.compile(r"repository:([^:]+):([a-z,*]+)")


@dataclass(frozen=True)
class Login:
    """A user and password of one registry; `expires` None for never."""

    registry: str
    writes: bool
    expires: datetime | None

    def allows(self, repository: str, action: str) -> bool:
        ours = repository.startswith(f"{self.registry}/")
        return ours and action in ({"pull", "push", "delete"} if self.writes else {"pull"})


class Logins:
    """What was given out, and to whom it still opens something."""

    def __init__(self) -> None:
        self._logins: dict[tuple[str, str], Login] = {}
        self._tokens: dict[str, tuple[Scopes, datetime]] = {}

    def give(self, registry: str, *, writes: bool, seconds: int = 0) -> tuple[str, str]:
        """A login to a registry: user name and password are the same secret; 0 seconds is for ever."""
        password = secrets.token_hex(32)
        expires = datetime.now(UTC) + timedelta(seconds=seconds) if seconds else None
        self._logins[password, password] = Login(registry, writes, expires)
        return password, password

    def find(self, given: tuple[str, str] | None) -> Login | None:
        """Whose user name and password these are; None for nobody's and for a login that has ended."""
        login = self._logins.get(given) if given else None
        ended = login is None or (login.expires is not None and login.expires <= datetime.now(UTC))
        return None if ended else login

    def token(self, scopes: Scopes) -> str:
        """A new bearer token for so much."""
        value = secrets.token_urlsafe(32)
        self._tokens[value] = (scopes, datetime.now(UTC) + TOKEN_LIFE)
        return value

    def scopes(self, header: str | None) -> Scopes | None:
        """What an Authorization header allows; None without a valid token."""
        scheme, _, value = (header or "").partition(" ")
        scopes, expires = self._tokens.get(value, (frozenset(), datetime.now(UTC)))
        return None if scheme.lower() != "bearer" or expires <= datetime.now(UTC) else scopes

    def expire(self) -> None:
        """Let every login that was given out be too old."""
        past = datetime.now(UTC) - timedelta(seconds=1)
        self._logins = {key: replace(one, expires=past) for key, one in self._logins.items()}
        self._tokens.clear()


def repository_scopes(query: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a request for a token asks for, as (repository, action); other kinds of scopes are left out."""
    asked = [text for name, value in query if name == "scope" for text in value.split()]
    found = filter(None, map(_SCOPE.fullmatch, asked))
    return [(match[1], action) for match in found for action in match[2].split(",")]
