"""A request to the API, taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from clouddeploy.emulator.kubernetes import status
from clouddeploy.emulator.kubernetes.decode import read_body
from clouddeploy.emulator.kubernetes.objects import Options
from clouddeploy.emulator.kubernetes.resources import BY_PATH, GROUPS, Resource

Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """What a path names; `name` is empty for a collection, `namespace` for all namespaces."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True)
class Request:
    """Method, path, query, headers and body of one HTTP request."""

    method: str
    path: str
    query: Mapping[str, str]
    content_type: str
    agent: str
    accept: str
    body: bytes

    @classmethod
    def read(cls, environ: Mapping[str, Any]) -> Request:
        """The request in a WSGI environment; its body is read to the end."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        stream = environ["wsgi.input"]
        return cls(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
            environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower(),
            environ.get("HTTP_USER_AGENT", ""),
            environ.get("HTTP_ACCEPT", ""),
            stream.read() if chunked else stream.read(length) if length else b"",
        )

    @property
    def watches(self) -> bool:
        """Whether a list request asks to go on."""
        return self.query.get("watch", "").lower() in ("1", "true")

    def data(self, content_type: str | None = None) -> Any:
        """The parsed body; raises ApiError 400."""
        return read_body(self.body, content_type or self.content_type)

    def options(self, subresource: str = "") -> Options:
        """What the query says about a write. Raises ApiError 422 for an unknown dryRun."""
        dry = self.query.get("dryRun", "")
        if dry not in ("", "All"):
            kind = {"POST": "CreateOptions", "PUT": "UpdateOptions"}.get(self.method, "PatchOptions")
            text = f'Unsupported value: ["{dry}"]: supported values: "All"'
            raise status.invalid_options(kind, status.Cause("FieldValueNotSupported", "dryRun", text))
        return Options(
            manager=self.query.get("fieldManager") or self.agent.partition("/")[0][:128] or "unknown",
            dry_run=bool(dry),
            force=self.query.get("force", "").lower() in ("1", "true"),
            strict=self.query.get("fieldValidation") == "Strict",
            subresource=subresource,
        )


def locate(path: str) -> Place | None:
    """The resource that a path names, None when it names none.

    Raises ApiError 404 for a resource that its group does not have.
    """
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource = BY_PATH.get((group, version, rest[0]))
    if group and group not in GROUPS:
        return None
    if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):
        raise status.no_such_path()
    name, subresource = [*rest[1:], "", ""][:2]
    return Place(resource, namespace, name, subresource)
