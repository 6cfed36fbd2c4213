"""Acme on loopback: an account, a registry, clusters that take emulated minutes to come and go."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from clouddeploy.emulator import EmulatorSettings
from clouddeploy.emulator.faults import Faults
from clouddeploy.emulator.kubernetes import KubernetesApi, User, start_kubernetes
from clouddeploy.emulator.registry import DISTRIBUTION, OciRegistry, basic
from clouddeploy.emulator.server import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CREATING, CHANGING, DELETING = 300.0, 60.0, 60.0
"""Emulated seconds."""


class RefusedError(Exception):
    """An answer of this status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Running:
    """A cluster; `until` is when `status` is over."""

    name: str
    kubernetes: KubernetesApi
    tags: dict[str, str]
    settings: dict[str, Any]
    token: str
    status: str = "creating"
    until: float = 0


def start(settings: EmulatorSettings) -> AcmeCloud:
    """What the entry point in the group `clouddeploy.emulators` names."""
    return AcmeCloud(settings)


class AcmeCloud:
    """The running cloud; `faults` gives it a bad day."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self.account = settings.account or "acct-1"
        self._directory = settings.directory
        self._pace = settings.pace
        self._token, self._password = secrets.token_hex(16), secrets.token_hex(16)
        self._ahead = 0.0
        self._state = _State()
        self._registry_app = OciRegistry(
            settings.directory / "registry", authorize=basic({"token": self._password}), profile=DISTRIBUTION
        )
        self._registry = Server(self._registry_app)
        self.faults = Faults(self._serve)
        self._api = Server(self.faults)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that lead here."""
        return {
            "ACME_ENDPOINT": self._api.url,
            "ACME_REGISTRY": self._registry.host,
            "ACME_TOKEN": self._token,
        }

    def close(self) -> None:
        """End everything; idempotent."""
        self.reset()
        self._api.close()
        self._registry.close()

    def reset(self) -> None:
        """An empty account on a good day."""
        for running in self._state.clusters.values():
            running.kubernetes.close()
        self._state = _State()
        for name in list(self._registry_app.repositories()):
            self._registry_app.delete_repository(name)
        self.faults.clear()

    def advance(self, seconds: float) -> None:
        """Let emulated time pass at once."""
        self._ahead += seconds

    def writes(self) -> int:
        """How many requests that may change something have arrived since the last reset."""
        return sum(request.method not in ("GET", "HEAD") for request in self.faults.record)

    def disown(self, name: str) -> None:
        """Take every tag off a cluster."""
        self._state.clusters[name].tags.clear()

    def leave(self, name: str, volume: str, monthly: str) -> None:
        """Let a volume of a cluster stay behind; `monthly` is in USD."""
        kept = {"id": volume, "monthly": monthly, "detail": "10 GiB"}
        self._state.left.setdefault(name, []).append(kept)

    def _now(self) -> float:
        return time.monotonic() * self._pace + self._ahead

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, answer = 200, self._answer(environ)
        except RefusedError as error:
            status, answer = error.status, {"message": str(error)}
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> object:
        if environ.get("HTTP_AUTHORIZATION") != f"Bearer {self._token}":
            raise RefusedError(401, "who are you?")
        _, _, kind, *path = environ["PATH_INFO"].split("/")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length)) if length else {}
        kinds: Mapping[str, Callable[[str, list[str], Any], object]] = {
            "account": lambda *_: {"id": self.account, "user": "somebody@acme.example"},
            "registry": lambda *_: {
                "username": "token",
                "password": self._password,
                "expires": _in_an_hour(),
            },
            "repositories": self._repositories,
            "clusters": self._clusters,
            "machines": lambda *_: [{"name": "standard-2", "cpus": 2, "gib": 4}],
            "quotas": lambda *_: {"nodes": 20, "used": 0},
            "leftovers": lambda _, path, __: self._state.left.get(path[0], []),
        }
        if kind not in kinds:
            raise RefusedError(404, environ["PATH_INFO"])
        with self._state.lock:
            return kinds[kind](environ["REQUEST_METHOD"], path, body)

    def _repositories(self, method: str, path: list[str], _: Any) -> object:
        name = "/".join(path)
        if method == "PUT":
            self._state.repositories.add(name)
        if name not in self._state.repositories:
            raise RefusedError(404, f"there is no repository {name}")
        return {"name": name}

    def _clusters(self, method: str, path: list[str], body: Any) -> object:
        self._settle()
        if not path:
            return [_record(running) for running in self._state.clusters.values()]
        name = path[0]
        if method == "PUT" and name not in self._state.clusters:
            self._state.clusters[name] = self._made(name, body)
        running = self._state.clusters.get(name)
        if running is None:
            raise RefusedError(404, f"there is no cluster {name}")
        if path[1:] == ["token"]:
            return {"token": running.token, "expires": _in_an_hour()}
        if method == "PATCH":
            running.settings.update(body)
            running.status, running.until = "changing", self._now() + CHANGING
        if method == "DELETE" and running.status != "deleting":
            running.status, running.until = "deleting", self._now() + DELETING
        return _record(running)

    def _made(self, name: str, body: Any) -> Running:
        token = secrets.token_hex(16)
        admin = User("somebody@acme.example", ("system:masters",))
        directory = Path(self._directory, "clusters", name, token[:8])
        kubernetes = start_kubernetes(
            directory, authenticate=lambda given: admin if given == token else None, real=False
        )
        tags = body.pop("tags")
        return Running(name, kubernetes, tags, body, token, until=self._now() + CREATING)

    def _settle(self) -> None:
        for name, running in list(self._state.clusters.items()):
            if self._now() < running.until:
                continue
            if running.status == "deleting":
                running.kubernetes.close()
                del self._state.clusters[name]
            else:
                running.status = "running"


@dataclass
class _State:
    """What is in the account."""

    repositories: set[str] = field(default_factory=set)
    clusters: dict[str, Running] = field(default_factory=dict)
    left: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)


def _record(running: Running) -> dict[str, Any]:
    kubernetes = running.kubernetes
    return {
        "name": running.name,
        "status": running.status,
        "tags": running.tags,
        "endpoint": kubernetes.url,
        "ca": kubernetes.ca,
        **running.settings,
    }


def _in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()
