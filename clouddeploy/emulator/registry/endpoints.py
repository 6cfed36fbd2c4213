"""Which endpoint of a registry or its token server a request is for."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from urllib.parse import parse_qs

Endpoint = Literal[
    "ping",
    "token",
    "head-blob",
    "get-blob",
    "delete-blob",
    "start",
    "mount",
    "chunk",
    "close",
    "status",
    "cancel",
    "head-manifest",
    "get-manifest",
    "put-manifest",
    "delete-manifest",
    "tags",
    "referrers",
    "other",
]

_BLOB = re.compile(r"/v2/(?P<name>.+)/blobs/(?P<digest>[^/]+)")
_START = re.compile(r"/v2/(?P<name>.+)/blobs/uploads/?")
_SESSION = re.compile(
    r"/v2/(?P<name>.+)/blobs/uploads/(?P<session>[^/]+)|/artifacts-uploads/.*/(?P<id>[^/]+)"
)
_MANIFEST = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)")
_LIST = re.compile(r"/v2/(?P<name>.+)/(?P<kind>tags/list|referrers/[^/]+)")
_IN_SESSION: dict[str, Endpoint] = {"PATCH": "chunk", "PUT": "close", "GET": "status", "DELETE": "cancel"}
_ON_BLOB: dict[str, Endpoint] = {"HEAD": "head-blob", "GET": "get-blob", "DELETE": "delete-blob"}
_ON_MANIFEST: dict[str, Endpoint] = {
    "HEAD": "head-manifest",
    "GET": "get-manifest",
    "PUT": "put-manifest",
    "DELETE": "delete-manifest",
}


class Target(NamedTuple):
    """What a request is about; `digest` is the blob's, where the request names it."""

    endpoint: Endpoint
    repository: str = ""
    session: str = ""
    digest: str = ""


def target_of(method: str, path: str, query: str) -> Target:
    """Reads a request line; anything unknown is `other`, a token server's is `token`."""
    arguments = {key: values[0] for key, values in parse_qs(query).items()}
    if path.rstrip("/") == "/v2":
        return Target("ping")
    if (found := _START.fullmatch(path)) and method == "POST":
        kind: Endpoint = "mount" if "mount" in arguments else "start"
        return Target(kind, found["name"], digest=arguments.get("mount") or arguments.get("digest", ""))
    if found := _SESSION.fullmatch(path):
        session = found["session"] or found["id"]
        endpoint = _IN_SESSION.get(method, "other")
        return Target(endpoint, found["name"] or "", session, arguments.get("digest", ""))
    return _stored(method, path) or Target(
        "token" if "service" in arguments or "scope" in arguments else "other"
    )


def _stored(method: str, path: str) -> Target | None:
    if found := _MANIFEST.fullmatch(path):
        return Target(_ON_MANIFEST.get(method, "other"), found["name"])
    if found := _LIST.fullmatch(path):
        return Target("tags" if found["kind"] == "tags/list" else "referrers", found["name"])
    if found := _BLOB.fullmatch(path):
        return Target(_ON_BLOB.get(method, "other"), found["name"], digest=found["digest"])
    return None
