"""The player's way to the API: a small client over urllib3, good for any API server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from clouddeploy.emulator.certificates import KeyPair
from clouddeploy.emulator.kubernetes.resources import Resource

Json = dict[str, Any]

_AGENT = "kube-controller-manager/v1.36 (clouddeploy player)"
_MERGE = "application/merge-patch+json"


class RefusedError(Exception):
    """The API answered with a failure; `code` is the HTTP status."""

    def __init__(self, code: int, status: Mapping[str, Any]) -> None:
        super().__init__(status.get("message", str(code)))
        self.code = code


@dataclass(frozen=True)
class Admin:
    """Where the API is and the administrator's client certificate for it."""

    url: str
    ca: Path
    pair: KeyPair


class Client:
    """Requests as the administrator; raises RefusedError, or urllib3's HTTPError when nobody answers."""

    def __init__(self, admin: Admin) -> None:
        self._url = admin.url
        self._pool = urllib3.PoolManager(
            maxsize=16,
            ca_certs=str(admin.ca),
            cert_file=str(admin.pair.certificate),
            key_file=str(admin.pair.key),
            retries=False,
            headers={"User-Agent": _AGENT},
        )

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        return self._call("GET", _path(resource, namespace, name))

    def list(self, resource: Resource, namespace: str = "") -> Json:
        return self._call("GET", _path(resource, namespace))

    def create(self, resource: Resource, obj: Json) -> Json:
        return self._call("POST", _path(resource, obj["metadata"].get("namespace", "")), obj)

    def replace(self, resource: Resource, obj: Json, part: str = "") -> Json:
        return self._call("PUT", self._place(resource, obj, part), obj)

    def patch(self, resource: Resource, obj: Json, change: Json, part: str = "") -> Json:
        return self._call("PATCH", self._place(resource, obj, part), change, _MERGE)

    def post(self, resource: Resource, obj: Json, part: str, body: Json) -> Json:
        """POST to a subresource."""
        return self._call("POST", self._place(resource, obj, part), body)

    def delete(self, resource: Resource, obj: Json, **options: Any) -> Json:
        """Delete this very object: one of the same name that came later stays."""
        body = {"preconditions": {"uid": obj["metadata"]["uid"]}, **options}
        return self._call("DELETE", self._place(resource, obj), body)

    def watch(self, resource: Resource, version: str) -> Watch:
        """The changes after a resourceVersion."""
        query = urlencode({"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"})
        url = f"{self._url}{_path(resource)}?{query}"
        timeout = urllib3.Timeout(connect=5, read=None)
        response = self._pool.request("GET", url, preload_content=False, timeout=timeout)
        if response.status != 200:
            raise RefusedError(response.status, _json(response.data))
        return Watch(response)

    def close(self) -> None:
        self._pool.clear()

    def _place(self, resource: Resource, obj: Json, part: str = "") -> str:
        metadata = obj["metadata"]
        path = _path(resource, metadata.get("namespace", ""), metadata["name"])
        return f"{path}/{part}" if part else path

    def _call(self, method: str, path: str, body: Json | None = None, kind: str = "application/json") -> Json:
        data = None if body is None else json.dumps(body).encode()
        headers = {"User-Agent": _AGENT} | ({"Content-Type": kind} if data is not None else {})
        timeout = urllib3.Timeout(connect=5, read=30)
        answer = self._pool.request(method, self._url + path, body=data, headers=headers, timeout=timeout)
        if answer.status >= 300:
            raise RefusedError(answer.status, _json(answer.data))
        return _json(answer.data)


class Watch:
    """An open watch: iterate for (type, object) pairs; `close` from any thread ends it."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[tuple[str, Json]]:
        rest = b""
        for chunk in self._response.stream(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    event = json.loads(line)
                    yield event["type"], event["object"]

    def close(self) -> None:
        """Shut the socket down, which wakes whoever reads from it."""
        connection = getattr(self._response, "connection", None)
        sock: socket.socket | None = getattr(connection, "sock", None)
        with suppress(OSError):
            if sock is not None:
                sock.shutdown(socket.SHUT_RDWR)


def _path(resource: Resource, namespace: str = "", name: str = "") -> str:
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"{resource.path}{place}/{resource.plural}" + (f"/{name}" if name else "")


def _json(data: bytes) -> Json:
    try:
        value = json.loads(data)
    except ValueError:
        return {"message": data.decode(errors="replace")}
    return value if isinstance(value, dict) else {}
