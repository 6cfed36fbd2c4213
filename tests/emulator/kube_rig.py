"""A bare HTTP client of an emulated cluster, so that the tests see what is on the wire."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3

from clouddeploy.emulator.kubernetes import KubernetesApi

Json = dict[str, Any]
T = TypeVar("T")

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
DEPLOYMENTS = "apps/v1/deployments"
PATIENCE = 60  # seconds of a busy machine
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """Status code and body; `body[...]` by index."""

    code: int
    body: Any

    def __getitem__(self, key: str) -> Any:
        return self.body[key]

    @property
    def message(self) -> str:
        return str(self.body["message"])


class Rig:
    """Requests as a member of system:masters unless told otherwise, in one namespace."""

    def __init__(self, cluster: KubernetesApi, directory: Path, namespace: str = "default") -> None:
        self.cluster = cluster
        self.ca = directory / "kube-ca.pem"
        self.ca.write_text(cluster.ca)
        self.namespace = namespace
        self._pool = urllib3.PoolManager(ca_certs=str(self.ca), retries=False, timeout=60)

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        self.cluster.set_image_check(lambda _image: None)
        self.call("DELETE", self.path(DEPLOYMENTS))
        self._pool.clear()

    def move(self) -> None:
        """To a namespace of its own that has what every namespace gets."""
        self.namespace = f"test-{next(_numbers)}"
        assert self.call("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}}).code == 201
        self.until(lambda: self.get("v1/serviceaccounts", "default").code == 200)
        self.until(lambda: self.get("v1/configmaps", "kube-root-ca.crt").code == 200)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        kind: str = "application/json",
        *,
        token: str | None = "master-token",
        **query: str | int,
    ) -> Answer:
        headers = {"User-Agent": "rig/1.0"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = kind
        url = self.cluster.url + path + (f"?{urlencode(query)}" if query else "")
        answer = self._pool.request(method, url, body=data, headers=headers)
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return Answer(answer.status, json.loads(answer.data) if is_json else answer.data.decode())

    def path(self, what: str, name: str = "", namespace: str | None = None) -> str:
        """`v1/pods` or `apps/v1/deployments` in the rig's namespace (in none with "")."""
        version, _, plural = what.rpartition("/")
        place = self.namespace if namespace is None else namespace
        start = f"/apis/{version}" if "/" in version else f"/api/{version}"
        middle = f"/namespaces/{place}" if place else ""
        return f"{start}{middle}/{plural}" + (f"/{name}" if name else "")

    def get(self, what: str, name: str) -> Answer:
        return self.call("GET", self.path(what, name))

    def list(self, what: str, **query: str | int) -> list[Json]:
        return list(self.call("GET", self.path(what), **query)["items"])

    def create(self, what: str, obj: Json, **query: str | int) -> Answer:
        return self.call("POST", self.path(what), obj, **query)

    def apply(self, what: str, obj: Json, manager: str = "rig", **query: str | int) -> Answer:
        """Server-side apply; `obj` has kind and apiVersion."""
        path = self.path(what, obj["metadata"]["name"])
        return self.call("PATCH", path, obj, APPLY, fieldManager=manager, **query)

    def patch(self, what: str, name: str, change: object, kind: str = MERGE, **query: str | int) -> Answer:
        return self.call("PATCH", self.path(what, name), change, kind, **query)

    def delete(self, what: str, name: str, **options: object) -> Answer:
        return self.call("DELETE", self.path(what, name), options or None)

    def wait_gone(self, what: str, name: str) -> None:
        self.until(lambda: self.get(what, name).code == 404)

    def until(self, ready: Callable[[], T], seconds: float = PATIENCE) -> T:
        """What `ready` returns once it is true."""
        end = time.monotonic() + seconds
        while not (found := ready()):
            assert time.monotonic() < end, f"not within {seconds} s"
            time.sleep(0.02)
        return found

    @contextmanager
    def watch(self, what: str, **query: str | int) -> Iterator[Iterator[Json]]:
        """The events of a watch."""
        url = f"{self.cluster.url}{self.path(what)}?{urlencode({'watch': 1, 'timeoutSeconds': 20, **query})}"
        headers = {"Authorization": "Bearer master-token"}
        response = self._pool.request("GET", url, headers=headers, preload_content=False)
        assert response.status == 200
        try:
            yield _events(response)
        finally:
            response.close()

    def wait_rolled_out(self, name: str, seconds: float = PATIENCE) -> Json:
        """The Deployment once all its pods are of its template and available."""

        def done() -> Json | None:
            found = self.get(DEPLOYMENTS, name).body
            status, replicas = found.get("status", {}), found["spec"]["replicas"]
            counts = [status.get(f"{kind}eplicas", 0) for kind in ("r", "updatedR", "availableR")]
            current = status.get("observedGeneration") == found["metadata"]["generation"]
            return found if current and counts == [replicas] * 3 else None

        return self.until(done, seconds)

    def pods(self, **labels: str) -> list[Json]:
        """The pods with these labels that are not being deleted."""
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        found = self.list("v1/pods", labelSelector=selector)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def events(self, reason: str) -> list[Json]:
        return self.list("v1/events", fieldSelector=f"reason={reason}")


def _events(response: urllib3.BaseHTTPResponse) -> Iterator[Json]:
    rest = b""
    for chunk in response.stream(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (json.loads(line) for line in lines if line.strip())


def config_map(name: str = "settings", labels: Mapping[str, str] | None = None, **data: str) -> Json:
    metadata: Json = {"name": name} | ({"labels": dict(labels)} if labels else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(
    name: str = "web", replicas: int | None = 1, image: str = "shop/web:1", **annotations: str
) -> Json:
    """A Deployment of one container; annotations go on its pod template, `__` reads as `/`."""
    spec: Json = {
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "image": image, "ports": [{"containerPort": 8080}]}]},
        },
    }
    if annotations:
        spec["template"]["metadata"]["annotations"] = annotations
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def play(fate: str) -> dict[str, str]:
    """The annotation that decides a pod's fate."""
    return {"emulator.clouddeploy.dev/play": fate}


def container(obj: Json) -> Json:
    """The first container of a workload's template."""
    return dict(obj["spec"]["template"]["spec"]["containers"][0])
