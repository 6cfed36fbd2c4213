"""ACR Personal Edition's API, as far as pushes need it (version 2016-06-07, ROA)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from clouddeploy_alibaba.emulator.acr import Acr
from clouddeploy_alibaba.emulator.answers import Received, ServiceError, request_id

Json = dict[str, Any]
_NAMESPACES, _REPOSITORIES = 3, 300
"""The most that an account may have. Source: ACR documentation, "What is Container Registry"."""
_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")


class Personal:
    """Namespaces and repositories of the account itself; the registry is the Enterprise Edition's."""

    def __init__(self, acr: Acr) -> None:
        self._acr = acr
        self.namespaces: set[str] = set()
        self.repositories: set[str] = set()

    def action(self, request: Received) -> str:
        """An operation's name, for the record of calls."""
        verb = {"GET": "Get", "PUT": "Create"}.get(request.method, "Unknown")
        return verb + request.path.split("/")[1].capitalize()

    def answer(self, request: Received) -> Json:
        for method, pattern, answer in self._routes():
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                return {"data": answer(request, *match.groups()), "requestId": request_id()}
        raise ServiceError("InvalidAction.NotFound", f"{request.method} {request.path} is not found", 404)

    def _routes(self) -> list[tuple[str, str, Callable[..., Json]]]:
        return [
            ("GET", r"/namespace/([^/]+)", self._get_namespace),
            ("PUT", r"/namespace", self._create_namespace),
            ("GET", r"/repos/([^/]+)/([^/]+)", self._get_repository),
            ("PUT", r"/repos", self._create_repository),
            ("GET", r"/tokens", self._login),
        ]

    def _get_namespace(self, _: Received, name: str) -> Json:
        if name not in self.namespaces:
            raise ServiceError("NAMESPACE_NOT_EXIST", "namespace is not exist", 404)
        return {"namespace": {"namespace": name, "namespaceStatus": "NORMAL"}}

    def _create_namespace(self, request: Received) -> Json:
        name = _name((request.document() or {}).get("Namespace"), "Namespace")
        if name in self.namespaces:
            raise ServiceError("NAMESPACE_ALREADY_EXIST", "namespace is already exist", 409)
        if len(self.namespaces) >= _NAMESPACES:
            raise ServiceError("NAMESPACE_LIMIT_EXCEED", "the limit of namespaces is exceeded")
        self.namespaces.add(name)
        return {"namespaceId": len(self.namespaces)}

    def _get_repository(self, _: Received, namespace: str, name: str) -> Json:
        if f"{namespace}/{name}" not in self.repositories:
            raise ServiceError("REPO_NOT_EXIST", "repo is not exist", 404)
        return {"repo": {"repoNamespace": namespace, "repoName": name, "repoType": "PRIVATE"}}

    def _create_repository(self, request: Received) -> Json:
        repo = (request.document() or {}).get("Repo") or {}
        namespace, name = _name(repo, "RepoNamespace"), _name(repo, "RepoName")
        if not repo.get("Summary") or repo.get("RepoType") not in {"PRIVATE", "PUBLIC"}:
            raise _invalid("Summary or RepoType")
        self._get_namespace(request, namespace)
        if f"{namespace}/{name}" in self.repositories:
            raise ServiceError("REPO_ALREADY_EXIST", "repo is already exist", 409)
        if len(self.repositories) >= _REPOSITORIES:
            raise ServiceError("REPO_LIMIT_EXCEED", "the limit of repositories is exceeded")
        self.repositories.add(f"{namespace}/{name}")
        self._acr.registry.create_repository(f"{namespace}/{name}")
        return {"repoId": len(self.repositories)}

    def _login(self, _: Received) -> Json:
        username, password, expires = self._acr.logins.fresh()
        return {"tempUserName": username, "authorizationToken": password, "expireDate": expires}


def _name(body: Any, member: str) -> str:
    """A name in a body; the code of its refusal is UNVERIFIED."""
    name = body.get(member) if isinstance(body, dict) else None
    if not (isinstance(name, str) and _PART.fullmatch(name)):
        raise _invalid(member)
    return name


def _invalid(what: str) -> ServiceError:
    return ServiceError("InvalidParameter", f"{what} is invalid")
