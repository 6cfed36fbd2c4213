"""Logging in: Basic, or a bearer token from the server that the registry names.

https://distribution.github.io/distribution/spec/auth/token/ for a name and password, and
https://distribution.github.io/distribution/spec/auth/oauth/ for an identity token.
Nothing is sent unasked: an open registry never sees the credentials.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from clouddeploy.errors import CloudDeployError, CredentialsError, TemporaryError
from clouddeploy.oci.challenge import Challenge, choose, parse_challenges
from clouddeploy.oci.failures import failure, garbage
from clouddeploy.oci.transport import Request, Response
from clouddeploy.oci.urls import Origin, resolve_realm
from clouddeploy.seam.registry import IDENTITY_TOKEN, Login
from clouddeploy.seam.secret import Secret

_RENEW_BEFORE = timedelta(minutes=10)
_DEFAULT_LIFE = 60  # seconds, when a token server does not say (token specification)
_DOCKER_HUB = {"docker.io", "index.docker.io", "registry-1.docker.io"}
_MOST_TOKEN_BYTES = 256 * 1024

Ask = Callable[[Request, dict[str, str], int], tuple[Response, bytes]]
"""Sends a token request with more headers; gives the answer and a body of so many bytes at most."""


@dataclass(frozen=True)
class _Need:
    """What a request to `home` needs; `more` is what the registry itself says, `since` when it was needed."""

    home: Origin
    scope: str
    more: str
    since: float

    @property
    def scopes(self) -> str:
        return " ".join(dict.fromkeys([*self.scope.split(), *self.more.split()]))


@dataclass(frozen=True)
class _Token:
    header: Secret
    scopes: frozenset[str]
    until: float


class Authenticator:
    """Knows what one registry wants and answers it. Thread-safe.

    `host` is the registry as the login names it; `clock` counts seconds.
    """

    def __init__(
        self,
        host: str,
        login: Callable[[], Login | None],
        ask: Ask,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._ask_login = login
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._login: Login | None = None
        self._challenge: Challenge | None = None
        self._tokens: tuple[_Token, ...] = ()
        self._failed: tuple[float, TemporaryError] | None = None

    @property
    def challenged(self) -> bool:
        """Whether the registry has asked for a login so far."""
        return self._challenge is not None

    def header(self, home: Origin, scope: str) -> Secret | None:
        """The Authorization for a request to `home`; None while the registry has not asked for one."""
        if kept := self._kept(scope):
            return kept  # whoever has a token does not wait for those who ask for one
        need = _Need(home, scope, "", self._clock())
        with self._lock:
            return self._header(need)

    def answer(self, home: Origin, scope: str, wanted: Iterable[str], sent: Secret | None) -> Secret | None:
        """The Authorization for another try after a 401 with these WWW-Authenticate values.

        `sent` is what was refused. None when nothing else can be tried.
        """
        challenge = choose(parse_challenges(wanted))
        if challenge is None:
            return None
        need = _Need(home, scope, challenge.parameters.get("scope", ""), self._clock())
        with self._lock:
            self._challenge = challenge
            current = self._header(need)
            if current != sent or sent is None:
                return current
            self._forget(sent, scope)
            renewed = self._header(need)
            return renewed if renewed != sent else None

    def _kept(self, scope: str) -> Secret | None:
        """The header with the youngest token that serves, if it is not too old. Needs no lock."""
        if self._challenge is None or self._challenge.scheme != "bearer":
            return None
        scopes, now = frozenset(_scopes(scope)), self._clock()
        serving = (one.header for one in reversed(self._tokens) if one.until > now and scopes <= one.scopes)
        return next(serving, None)

    def _header(self, need: _Need) -> Secret | None:
        if self._challenge is None:
            return None
        if self._challenge.scheme == "bearer":
            return self._kept(need.scope) or self._fetched(need, self._challenge)
        login = self._current_login()
        if login and login.username == IDENTITY_TOKEN:
            raise CredentialsError(
                f"the login for {self._host} is an identity token, and {need.home.name} asks for a password",
                fix=f"clouddeploy registry login {self._host}",
            )
        return _basic(login) if login else None

    def _forget(self, refused: Secret, scope: str) -> None:
        """Also the tokens for the same before it: where it has expired, they have."""
        needed, headers = frozenset(_scopes(scope)), [one.header for one in self._tokens]
        older = self._tokens[: headers.index(refused)] if refused in headers else ()
        gone = {refused, *(one.header for one in older if needed <= one.scopes)}
        self._tokens = tuple(one for one in self._tokens if one.header not in gone)
        if self._challenge and self._challenge.scheme == "basic":
            self._login = None

    def _current_login(self) -> Login | None:
        if self._login is None or _expires_soon(self._login):
            self._login = self._ask_login()
        if self._login and not _same_registry(self._login.host, self._host):
            raise CredentialsError(
                f"the login is for {self._login.host}, not for {self._host}",
                fix=f"give the credentials of {self._host}",
            )
        return self._login

    def _fetched(self, need: _Need, challenge: Challenge) -> Secret:
        """A token from the server; who waited while another's tries for one failed has failed too."""
        if self._failed and self._failed[0] > need.since:
            raise self._failed[1]
        try:
            token = self._fetch(need.home, challenge, need.scopes)
        except TemporaryError as error:
            self._failed = self._clock(), error
            raise
        now = self._clock()
        self._tokens = (*(one for one in self._tokens if one.until > now), token)
        return token.header

    def _fetch(self, home: Origin, challenge: Challenge, scope: str) -> _Token:
        what = f"give a token for {self._host}"
        login, asked = self._current_login(), self._clock()
        response, body = self._ask_token(home, challenge, scope, login)
        if response.status in {401, 403} and login:
            refused = failure(response.refusal(), what)
            self._login = None
            renewed = self._current_login()
            if renewed == login:
                raise refused
            response, body = self._ask_token(home, challenge, scope, renewed)
        if response.status != 200:
            raise failure(response.refusal(), what)
        value, life = _read_token(response, body, what)
        header = Secret(f"Bearer {value.reveal()}")
        return _Token(header, frozenset(_scopes(scope)), asked + life - min(10, life / 2))

    def _ask_token(
        self, home: Origin, challenge: Challenge, scope: str, login: Login | None
    ) -> tuple[Response, bytes]:
        realm = resolve_realm(home, challenge.parameters["realm"])
        query = [("service", challenge.parameters["service"])] if "service" in challenge.parameters else []
        what = f"log in to {self._host}"
        if login and login.username == IDENTITY_TOKEN:
            return self._ask(_refresh(realm, [*query, ("scope", scope)], login, what), {}, _MOST_TOKEN_BYTES)
        query += [("scope", one) for one in scope.split()]
        # DigitalOcean's user name is the password too; a secret does not belong into a URL.
        if login and login.username != login.password.reveal():
            query.append(("account", login.username))
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
        headers = {"Authorization": _basic(login).reveal()} if login else {}
        return self._ask(Request("GET", url, what, scope), headers, _MOST_TOKEN_BYTES)


def _refresh(realm: str, query: list[tuple[str, str]], login: Login, what: str) -> Request:
    """Trade an identity token for an access token; it goes into the body, never into the URL."""
    refresh = [("grant_type", "refresh_token"), ("refresh_token", login.password.reveal())]
    form = urlencode([*refresh, ("client_id", "clouddeploy"), *query]).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(form))}
    return Request("POST", realm, what, "", headers, lambda: iter([form]), len(form))


def _basic(login: Login) -> Secret:
    pair = Secret(f"{login.username}:{login.password.reveal()}")
    return Secret(f"Basic {base64.b64encode(pair.reveal().encode()).decode()}")


def _same_registry(one: str, other: str) -> bool:
    return one.lower() == other.lower() or {one, other} <= _DOCKER_HUB


def _expires_soon(login: Login) -> bool:
    return login.expires is not None and login.expires - datetime.now(UTC) < _RENEW_BEFORE


def _scopes(scope: str) -> list[str]:
    """`repository:a:pull,push` -> one entry for each action, so that a wider token serves a narrower need."""
    found = []
    for one in scope.split():
        name, _, actions = one.rpartition(":")
        found += [f"{name}:{action}" for action in actions.split(",")]
    return found


def _read_token(response: Response, body: bytes, what: str) -> tuple[Secret, float]:
    try:
        document: Any = json.loads(body)
        value = document.get("token") or document.get("access_token")
        life = float(document.get("expires_in") or _DEFAULT_LIFE)
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise _no_token(response, what) from error
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        raise _no_token(response, what)
    return Secret(value), max(life, 0)


def _no_token(response: Response, what: str) -> CloudDeployError:
    return garbage(response.origin.name, what, "there is no token in its answer")
