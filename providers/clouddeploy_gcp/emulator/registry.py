"""Artifact Registry's side of the registry protocol: its challenge, its token endpoint, its texts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from clouddeploy.emulator.registry import GAR, Access, OciRegistry
from clouddeploy.emulator.registry.access import basic_credentials
from clouddeploy.emulator.registry.answers import Refusal
from clouddeploy_gcp.emulator.accounts import LIFE, Accounts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from clouddeploy_gcp.emulator.artifacts import Artifacts, Repo

USERNAMES = ("oauth2accesstoken", "_dcgcloud_token")
READER = "roles/artifactregistry.reader"
_ROUTE = re.compile(r"/v2/(?P<name>.+?)/(?:blobs|manifests|tags)/.*")
_TOKEN_PATH = "/v2/token"  # noqa: S105 - a path
_SHORTEST = 3  # project/repository/image


class DataPlane:
    """The registry as `docker push` and a node see it."""

    def __init__(self, directory: Path, project: str, accounts: Accounts, host: Callable[[], str]) -> None:
        self._project = project
        self._accounts = accounts
        self._host = host
        self.denied: set[str] = set()
        self.registry = OciRegistry(directory, authorize=self._authorize, profile=GAR)

    def serve(self, artifacts: Artifacts) -> None:
        """Take the repositories from there."""
        self._artifacts = artifacts

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one registry request."""
        if environ["PATH_INFO"] == _TOKEN_PATH:
            return self._token(environ, start_response)
        route = _ROUTE.fullmatch(str(environ["PATH_INFO"]))
        if route and self._authorize(environ.get("HTTP_AUTHORIZATION")).allowed:
            refusal = self._refusal(route["name"], writes=environ["REQUEST_METHOD"] not in {"GET", "HEAD"})
            if refusal:
                return refusal.response()(environ, start_response)
            if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
                self._make(route["name"])
        if environ.get("HTTP_CONTENT_RANGE"):
            return _NO_CHUNKS.response()(environ, start_response)
        return self.registry(environ, start_response)

    def pull_problem(self, image: str, account: str) -> str | None:
        """Why a node that runs as `account` cannot pull an image, in containerd's words; None when it can."""
        host, _, rest = image.partition("/")
        if host != self._host():
            return None
        name, reference = _split(rest)
        if "downloadArtifacts" in self._not_allowed(name, account):
            where = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}"'
            url = f"https://{host}{_TOKEN_PATH}?scope=repository%3A{name}%3Apull&service={host}"
            return (
                f"{where}: failed to authorize: failed to fetch oauth token: unexpected status from GET "
                f"request to {url}: 403 Forbidden"
            )
        if self.registry.find(name, reference) is None:
            return f'failed to pull and unpack image "{image}": {image}: not found'
        return None

    def _not_allowed(self, name: str, account: str) -> str:
        repo = self._repo(name)
        allowed = repo is not None and f"serviceAccount:{account}" in repo.readers()
        return "" if allowed else "downloadArtifacts"

    def _token(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        credentials = basic_credentials(environ.get("HTTP_AUTHORIZATION"))
        known = credentials and credentials[0] in USERNAMES
        email = self._accounts.token_principal(credentials[1]) if credentials and known else None
        if email is None:
            return _json(start_response, "401 Unauthorized", {"errors": [_UNAUTHORIZED]})
        for name, actions in _scopes(str(environ.get("QUERY_STRING", ""))):
            refusal = self._refusal(name, writes="push" in actions)
            if refusal:  # that it is a 404 without a repository is UNVERIFIED
                return refusal.response()(environ, start_response)
        token = self._accounts.issue(email)
        return _json(start_response, "200 OK", {"token": token, "access_token": token, "expires_in": LIFE})

    def _authorize(self, header: str | None) -> Access:
        credentials = basic_credentials(header)
        scheme, _, token = (header or "").partition(" ")
        given = credentials[1] if credentials else token if scheme.lower() == "bearer" else ""
        if given and self._accounts.token_principal(given):
            return Access.allow()
        host = self._host()
        return Access.challenged(f'Bearer realm="http://{host}{_TOKEN_PATH}",service="{host}"')

    def _repo(self, name: str) -> Repo | None:
        parts = name.split("/")
        if len(parts) < _SHORTEST or parts[0] != self._project:
            return None
        return self._artifacts.anywhere(parts[1])

    def _refusal(self, name: str, *, writes: bool) -> Refusal | None:
        permission = f"artifactregistry.repositories.{'upload' if writes else 'download'}Artifacts"
        parts = name.split("/")
        if permission in self.denied or parts[0] != self._project:
            where = f"projects/{parts[0]}/locations/-/repositories/{parts[1] if len(parts) > 1 else ''}"
            text = f'Permission "{permission}" denied on resource "{where}" (or it may not exist)'
            return Refusal(403, "DENIED", text)
        repo = self._repo(name)
        if repo is None:
            return Refusal(404, "NAME_UNKNOWN", f'Repository "{"/".join(parts[1:2])}" not found')
        return None

    def _make(self, name: str) -> None:
        """A push makes an image's place in its repository."""
        repo = self._repo(name)
        if repo and name not in self.registry.repositories():
            self.registry.create_repository(name, immutable=repo.message.docker_config.immutable_tags)


_NO_CHUNKS = Refusal(400, "UNSUPPORTED", "chunked uploads are not supported")
"""Artifact Registry takes a blob in one piece; source: its reference, "Docker API"."""

_UNAUTHORIZED = {"code": "UNAUTHORIZED", "message": "authentication failed"}


def _scopes(query: str) -> Iterator[tuple[str, list[str]]]:
    """Names of images, and what is to be done with them."""
    for text in parse_qs(query).get("scope", []):
        for scope in text.split():
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            if kind == "repository":
                yield name, actions.split(",")


def _split(rest: str) -> tuple[str, str]:
    """Name and digest, or else tag, of `name:tag@digest`."""
    named, _, digest = rest.partition("@")
    name, _, tag = named.partition(":")
    return name, digest or tag or "latest"


def _json(start_response: StartResponse, status: str, document: object) -> Iterable[bytes]:
    body = json.dumps(document).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
