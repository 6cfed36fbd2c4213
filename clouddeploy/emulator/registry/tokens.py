"""A token server as the Docker token specification describes it, and the judge of its tokens.

https://distribution.github.io/distribution/spec/auth/token/ and, with an identity token instead of
a password, https://distribution.github.io/distribution/spec/auth/oauth/
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from clouddeploy.emulator.registry.access import Access, Action, basic_credentials, matches
from clouddeploy.emulator.registry.answers import answer_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_SCOPE = re.compile(r"repository:([^:]+):([a-z,*]+)")

Scopes = frozenset[tuple[str, Action]]


class TokenServer:
    """Gives tokens to `users` for `lifetime` seconds; anonymous ones may pull only.

    `identity_tokens` may be traded in for an access token too.
    `realm` is the URL that the challenge names: wherever this WSGI application is served.
    With `plan_limit`, a message, tokens that may push are denied, as DigitalOcean does when a
    plan's repositories or storage are used up (docker/build-push-action#586). While `read_only`
    tokens may only pull, as during its garbage collection (its API reference).
    """

    def __init__(
        self,
        users: Mapping[str, str],
        *,
        realm: str = "",
        service: str = "registry",
        lifetime: float = 300,
        identity_tokens: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.realm = realm
        self._users = users
        self._service = service
        self._lifetime = lifetime
        self._clock = clock
        self._identity_tokens = identity_tokens
        self.plan_limit: str | None = None
        self.read_only = False
        self._tokens: dict[str, tuple[Scopes, float]] = {}

    def authorize(self, header: str | None) -> Access:
        """For `OciRegistry`: what a Bearer header is worth."""
        challenge = f'Bearer realm="{self.realm}",service="{self._service}"'
        scheme, _, token = (header or "").partition(" ")
        scopes, expires = self._tokens.get(token, (frozenset(), 0.0))
        if scheme.lower() != "bearer" or expires <= self._clock():
            return Access.challenged(challenge)
        return Access.allow(scopes, challenge)

    def expire(self) -> None:
        """Let every token that was given out be too old."""
        self._tokens = {token: (scopes, self._clock()) for token, (scopes, _) in self._tokens.items()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """GET ?service=…&scope=… -> {"token": …, "expires_in": …}; POST a refresh_token -> access_token."""
        return self._answer(Request(environ))(environ, start_response)

    def knows(self, username: str, password: str) -> bool:
        """Whether this is one of the users; clouds whose passwords come and go override it."""
        return matches(self._users, username, password)

    def _answer(self, request: Request) -> Response:
        if request.method == "POST":
            return self._refresh(request)
        found = basic_credentials(request.headers.get("Authorization"))
        if found and not self.knows(*found):
            return answer_json(
                {"errors": [{"code": "UNAUTHORIZED", "message": "incorrect username or password"}]}, 401
            )
        scopes = _parse(request.args.getlist("scope"))
        if self.plan_limit and any(action == "push" for _, action in scopes):
            return answer_json({"errors": [{"code": "DENIED", "message": self.plan_limit}]}, 403)
        if not found or self.read_only:
            scopes = frozenset(one for one in scopes if one[1] == "pull")
        return answer_json({"token": self._token(scopes), "expires_in": int(self._lifetime)})

    def _refresh(self, request: Request) -> Response:
        form = request.form
        if form.get("grant_type") != "refresh_token" or not form.get("client_id") or not form.get("service"):
            return answer_json({"error": "invalid_request"}, 400)
        if form.get("refresh_token") not in self._identity_tokens:
            return answer_json({"error": "invalid_grant"}, 401)
        token = self._token(_parse(form.getlist("scope")))
        return answer_json({"access_token": token, "expires_in": int(self._lifetime)})

    def _token(self, scopes: Scopes) -> str:
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (scopes, self._clock() + self._lifetime)
        return token


def _parse(scopes: Iterable[str]) -> Scopes:
    found = (_SCOPE.fullmatch(one) for text in scopes for one in text.split())
    return frozenset((match[1], action) for match in found if match for action in match[2].split(","))
