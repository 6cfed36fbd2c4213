"""ECR's side of the registry protocol: its login, its texts, its quirks.

Observed at ECR: `Basic` with the body `Not Authorized`, 201 where the specification says 202 for a
chunk, and an immutable tag that refuses even the digest that it has.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from clouddeploy.emulator.registry import ECR, Access, OciRegistry
from clouddeploy.emulator.registry.access import basic_credentials
from clouddeploy.emulator.registry.answers import Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

USERNAME = "AWS"
_LIFE = timedelta(hours=12)
_TAGGED = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<tag>[^/:]+)")
_EXPIRED = "Your authorization token has expired. Reauthenticate and try again."


class Passwords:
    """Registry passwords, when they end, and the access keys that asked for them."""

    def __init__(self) -> None:
        self._valid: dict[str, datetime] = {}
        self._owners: dict[str, str] = {}

    def make(self, life: timedelta = _LIFE, owner: str = "") -> tuple[str, datetime]:
        password, expires = secrets.token_urlsafe(48), datetime.now(UTC) + life
        self._valid[password] = expires
        self._owners[password] = owner
        return password, expires

    def expire_all(self) -> None:
        """Let every password that was given out be too old."""
        past = datetime.now(UTC) - timedelta(seconds=1)
        self._valid = dict.fromkeys(self._valid, past)

    def expires(self, password: str) -> datetime | None:
        return self._valid.get(password)

    def owner(self, password: str) -> str:
        return self._owners.get(password, "")


class EcrDataPlane:
    """The registry as `docker push` sees it.

    `freezes` says by repository which of its tags are written only once. Without `mounts` a blob of another
    repository has to be uploaded again.
    """

    def __init__(self, directory: Path, account: str, realm: Callable[[], str]) -> None:
        self.passwords = Passwords()
        self._realm = realm
        self.freezes: dict[str, Callable[[str], bool]] = {}
        self.mounts = False
        self.registry = OciRegistry(
            directory,
            authorize=self._authorize,
            profile=ECR,
            unknown_repository=lambda name: (
                f"The repository with name '{name}' does not exist in the registry with id '{account}'"
            ),
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one registry request."""
        refusal = self._overwrites(environ)
        if refusal:
            return refusal.response()(environ, start_response)
        if not self.mounts:
            environ = {**environ, "QUERY_STRING": _without_mount(str(environ.get("QUERY_STRING", "")))}
        return self.registry(environ, start_response)

    def owner(self, environ: WSGIEnvironment) -> str:
        """The access key whose login a request has; empty for none that is good."""
        header = environ.get("HTTP_AUTHORIZATION")
        credentials = basic_credentials(header)
        return self.passwords.owner(credentials[1]) if credentials and self._authorize(header).allowed else ""

    def _authorize(self, header: str | None) -> Access:
        credentials = basic_credentials(header)
        expires = self.passwords.expires(credentials[1]) if credentials else None
        if credentials is None or expires is None or credentials[0] != USERNAME:
            challenge = f'Basic realm="{self._realm()}",service="ecr.amazonaws.com"'
            return Access.challenged(challenge, b"Not Authorized\n")
        if expires <= datetime.now(UTC):
            return Access.denied("DENIED", _EXPIRED)
        return Access.allow()

    def _overwrites(self, environ: WSGIEnvironment) -> Refusal | None:
        match = _TAGGED.fullmatch(str(environ["PATH_INFO"]))
        if environ["REQUEST_METHOD"] != "PUT" or match is None:
            return None
        if not self.freezes.get(match["name"], _nothing)(match["tag"]):
            return None
        if not self._authorize(environ.get("HTTP_AUTHORIZATION")).allowed:
            return None
        if self.registry.find(match["name"], match["tag"]) is None:
            return None
        text = (
            f"The image tag '{match['tag']}' already exists in the '{match['name']}' repository "
            "and cannot be overwritten because the tag is immutable."
        )
        return Refusal(400, "TAG_INVALID", text)


def _nothing(_: str) -> bool:
    return False


def _without_mount(query: str) -> str:
    return urlencode([(key, value) for key, value in parse_qsl(query) if key not in {"mount", "from"}])
