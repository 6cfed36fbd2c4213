"""Google's descriptions as JSON Schema, and the requests beside a good one that they forbid."""

from __future__ import annotations

import io
import json
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlencode

from tests.providers.gcp.discovery import Discovery, Exchange, Method
from tests.providers.mutants import Schema, mutants

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "CreateClusterRequest": ("cluster",),
    "CreateNodePoolRequest": ("nodePool",),
    "SetIamPolicyRequest": ("policy",),
    "SetLabelsRequest": ("labelFingerprint", "resourceLabels"),
    "SetNodePoolSizeRequest": ("nodeCount",),
    "UpdateClusterRequest": ("update",),
    "UpdateNodePoolRequest": ("imageType", "nodeVersion"),
    "artifactregistry.projects.locations.repositories.create": ("repositoryId",),
}
"""By schema or method: the members whose description begins with `Required`."""

LIMITS: Mapping[str, Schema] = {
    "BatchEnableServicesRequest.serviceIds": {"maxItems": 20},
    "serviceusage.services.batchGet.names": {"maxItems": 30},
    **{
        f"compute.{name}.maxResults": {"minimum": 0, "maximum": 500}
        for name in (
            *(f"{kind}.aggregatedList" for kind in ("addresses", "disks", "forwardingRules", "instances")),
            *("targetPools.aggregatedList", "urlMaps.aggregatedList", "firewalls.list", "machineTypes.list"),
            *("regions.list", "zones.list"),
        )
    },
}
"""What the descriptions say in words.

Not the largest `pageSize` of Artifact Registry and Service Usage: whether more is refused or cut, they do
not say.
"""

_GCLOUD = "gcloud leaves it out when it updates a pool: its api_lib/container/api_adapter.py"
EXCUSES: Mapping[tuple[str, str, str], str] = {
    ("container.projects.locations.clusters.nodePools.setSize", "nodeCount", "missing"): (
        "a number that is not there is 0 in proto3, and 0 nodes may be wanted"
    ),
    ("container.projects.locations.clusters.nodePools.update", "imageType", "missing"): _GCLOUD,
    ("container.projects.locations.clusters.nodePools.update", "nodeVersion", "missing"): _GCLOUD,
    ("container.projects.locations.clusters.setResourceLabels", "resourceLabels", "missing"): (
        "a map that is not there is empty in proto3, and no labels may be wanted"
    ),
}
"""What a description forbids and Google takes, by method, member and change: why."""

GOOD = 200
_FORMATS: Mapping[str, Schema] = {
    "int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "uint32": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    "int64": {"type": "string", "pattern": "^-?[0-9]+$"},
    "byte": {"type": "string", "pattern": "^[A-Za-z0-9+/_=-]*$"},
    "google-duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?s$"},
}
_SEGMENT: Schema = {"type": "string", "pattern": "^[^/]+$"}
_SAMPLES = {"integer": "1", "boolean": "true"}


class Attempt(NamedTuple):
    """A forbidden request and the answer to it; `status` is 0 where none came."""

    method: str
    part: str
    where: str
    wrong: str
    status: int
    answer: str


class Call(NamedTuple):
    """A request: names and values of its path and query, and the JSON of its body."""

    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any


def described(discovery: Discovery, api: str, schema: Any, value: Any, place: str = "") -> Schema:
    """A discovery schema as JSON Schema, as deep as a value goes."""
    if "$ref" in schema:
        place = schema["$ref"]
        schema = {**discovery.schema(api, place), "required": REQUIRED.get(place, ())}
    match value:
        case dict() if schema.get("type") == "object":
            return _object(discovery, api, schema, value, place)
        case list() if schema.get("type") == "array":
            items = described(discovery, api, schema["items"], value[0] if value else None, place)
            # A single value is a list of one: protobuf's ProtoStreamObjectWriterTest.ImplicitPrimitiveList.
            typed = {"type": "array"} if items.get("type") == "object" else {}
            return {**typed, "items": items, **LIMITS.get(place, {})}
    return {**_plain(schema), **LIMITS.get(place, {})}


def _object(discovery: Discovery, api: str, schema: Any, value: Mapping[str, Any], place: str) -> Schema:
    more = schema.get("additionalProperties")
    known = dict.fromkeys(value, more) if more else schema.get("properties", {})
    return {
        "type": "object",
        "required": schema.get("required", ()),
        "additionalProperties": bool(more),
        "properties": {
            name: described(discovery, api, known[name], one, f"{place}.{name}")
            for name, one in value.items()
            if name in known
        },
    }


def _plain(schema: Any) -> Schema:
    found = _FORMATS.get(schema.get("format", ""), {"type": schema.get("type", "anything")})
    return {**found, **({"enum": schema["enum"]} if "enum" in schema else {})}


class Tempter:
    """A WSGI application in front of another: before a method's first good request, all that are forbidden.

    `watched` is what no refused request may change.
    """

    def __init__(self, app: Any, discovery: Discovery, watched: Callable[[], object]) -> None:
        self._app = app
        self._discovery = discovery
        self._watched = watched
        self.attempts: list[Attempt] = []
        self.changed: list[str] = []
        self.excused: set[tuple[str, str, str]] = set()
        self._tempted: set[str] = set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        path, query = environ["REQUEST_URI"].partition("?")[0], environ.get("QUERY_STRING", "")
        if path.startswith(("/v1", "/compute")):
            exchange = Exchange(environ["REQUEST_METHOD"], path, query, sent, 0, b"")
            method = self._discovery.method(exchange)
            if method.id not in self._tempted:
                self._tempt(method, exchange, environ)
        environ["wsgi.input"] = io.BytesIO(sent)
        answer: Iterable[bytes] = self._app(environ, start_response)
        return answer

    def _tempt(self, method: Method, exchange: Exchange, environ: Mapping[str, Any]) -> None:
        good = call_of(method, exchange)
        if method.verb == "GET" and self._try(method, good, environ, "", "", "").status != GOOD:
            return  # for another reason; the next one may be good
        self._tempted.add(method.id)
        before = self._watched()
        for part, where, wrong, call in self._forbidden(method, good):
            excuse = (method.id, where, wrong)
            if excuse in EXCUSES:
                self.excused.add(excuse)
            else:
                self.attempts.append(self._try(method, call, environ, part, where, wrong))
        if self._watched() != before:
            self.changed.append(method.id)

    def _forbidden(self, method: Method, good: Call) -> Iterator[tuple[str, str, str, Call]]:
        for one in mutants(_of_path(method), good.path):
            if _is_text(one.value) and not self._is_another(method, one.value):
                yield "path", one.where, one.wrong, good._replace(path=one.value)
        for one in mutants(_of_query(method, good.query), good.query):
            if _is_text(one.value):
                yield "query", one.where, one.wrong, good._replace(query=one.value)
        if method.request:
            schema = described(self._discovery, method.api, {"$ref": method.request}, good.body)
            for one in mutants(schema, good.body):
                yield "body", one.where, one.wrong, good._replace(body=one.value)

    def _is_another(self, method: Method, path: Mapping[str, Any]) -> bool:
        """Google takes away slashes at the end: then it may be the request for a list, which is good."""
        where = written(method, path).rstrip("/")
        others = (one for one in self._discovery.methods if one.verb == method.verb and one.id != method.id)
        return any(one.path.fullmatch(where) for one in others)

    def _try(
        self, method: Method, call: Call, environ: Mapping[str, Any], part: str, where: str, wrong: str
    ) -> Attempt:
        body = json.dumps(call.body).encode() if method.request else b""
        path, query = written(method, call.path), urlencode(call.query, doseq=True)
        asked = {
            **environ,
            "CONTENT_LENGTH": str(len(body)),
            "PATH_INFO": unquote(path),
            "QUERY_STRING": query,
            "REQUEST_URI": f"{path}?{query}",
            "wsgi.input": io.BytesIO(body),
        }
        told: list[int] = []
        try:
            answer = b"".join(self._app(asked, lambda status, *_: told.append(int(status.split()[0]))))
        except Exception:
            return Attempt(method.id, part, where, wrong, 0, traceback.format_exc())
        return Attempt(method.id, part, where, wrong, told[0], answer.decode())


def call_of(method: Method, exchange: Exchange) -> Call:
    """A request with a good value of every parameter that the description has no mere text for."""
    segments = zip(method.template.split("/"), exchange.path.lstrip("/").split("/"), strict=True)
    path = {}
    for template, segment in segments:
        pattern = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
        found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>.+)", pattern), segment)
        assert found, (template, segment)
        path.update({name: unquote(value) for name, value in found.groupdict().items()})
    given = parse_qs(exchange.query)
    query: dict[str, Any] = {
        name: values if method.parameters.get(name, {}).get("repeated") else values[0]
        for name, values in given.items()
    }
    for name, one in method.parameters.items():
        sample = one["enum"][0] if "enum" in one else _SAMPLES.get(one["type"])
        if one.get("location") == "query" and sample:
            query.setdefault(name, sample)
    return Call(path, query, json.loads(exchange.body or b"{}"))


def _of_path(method: Method) -> Schema:
    patterns = {
        name: {"type": "string", "pattern": f"^(?:{method.parameters[name]['pattern']})$"}
        if "pattern" in method.parameters.get(name, {})
        else _SEGMENT
        for name in re.findall(r"{(\w+)}", method.template)
    }
    return {"properties": patterns}


def _of_query(method: Method, query: Mapping[str, Any]) -> Schema:
    known = {
        name: {**_plain(one), **LIMITS.get(f"{method.id}.{name}", {})}
        for name, one in method.parameters.items()
        if not one.get("repeated")
    }
    lists = {
        name: {"items": _plain(one), **LIMITS.get(f"{method.id}.{name}", {})}
        for name, one in method.parameters.items()
        if one.get("repeated")
    }
    required = REQUIRED.get(method.id, ())
    return {"additionalProperties": False, "required": required, "properties": {**known, **lists}}


def _is_text(values: Any) -> bool:
    """Whether a path or a query can carry them."""
    flat = [one for each in values.values() for one in (each if isinstance(each, list) else [each])]
    return all(isinstance(one, str | int) for one in flat)


def written(method: Method, path: Mapping[str, Any]) -> str:
    return "/" + re.sub(r"{(\w+)}", lambda one: quote(str(path[one[1]]), safe="/"), method.template)
