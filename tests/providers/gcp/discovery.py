"""Google's own API descriptions as a judge of requests and answers (discovery documents)."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

SPEC = Path(__file__).parents[2] / "specs" / "gcp-discovery.json"

_SYSTEM = {"$alt"}
"""A synonym of `alt`; the documents list one of them. https://cloud.google.com/apis/docs/system-parameters"""

_GENERAL: Mapping[str, Any] = {
    "$.xgafv": {"enum": ["1", "2"]},
    "alt": {"enum": ["json", "media", "proto"]},
    "prettyPrint": {"type": "boolean"},
}
"""What the documents say about the parameters of all methods, beside their names."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    method: str
    path: str
    query: str
    body: bytes
    status: int
    answer: bytes


class Recorder:
    """A WSGI application in front of another: passes everything on and keeps it."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.exchanges: list[Exchange] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(sent)
        told: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            told[:] = [int(status.split(maxsplit=1)[0])]
            return start_response(status, headers, *rest)

        answer = b"".join(self._app(environ, start))
        self.exchanges.append(
            Exchange(
                environ["REQUEST_METHOD"],
                environ["REQUEST_URI"].partition("?")[0],
                environ.get("QUERY_STRING", ""),
                sent,
                told[0],
                answer,
            )
        )
        return [answer]


@dataclass(frozen=True)
class Method:
    """One method of an API; `parameters` are those of its own and those that all have."""

    id: str
    verb: str
    template: str
    path: re.Pattern[str]
    parameters: Mapping[str, Any]
    query: frozenset[str]
    request: str | None
    response: str
    api: str


class Discovery:
    """Validates exchanges; `counts` is how many of each method were good."""

    def __init__(self) -> None:
        self._document: dict[str, Any] = json.loads(SPEC.read_text())
        self.methods = list(_methods(self._document))
        self._schemas = {
            api: {name: _converted(schema) for name, schema in found["schemas"].items()}
            for api, found in self._document.items()
        }
        self.counts: Counter[str] = Counter()

    def check(self, exchange: Exchange) -> str:
        """The method's id; AssertionError for a request or an answer that the description forbids."""
        method = self.method(exchange)
        unknown = {key for key, _ in parse_qsl(exchange.query)} - method.query
        assert not unknown, f"{method.id}: {unknown}"
        if exchange.status < 400:
            if method.request:
                body = json.loads(exchange.body or b"{}")
                self._valid(method, method.request, body)
                written = list(self._read_only(method.api, method.request, body))
                assert not written, f"{method.id} sends what only the cloud sets: {written}"
            else:
                assert not exchange.body, f"{method.id} has no body"
            self._valid(method, method.response, json.loads(exchange.answer))
        else:
            _check_error(exchange)
        self.counts[method.id] += 1
        return method.id

    def method(self, exchange: Exchange) -> Method:
        """The one method that a request is for."""
        found = [
            one for one in self.methods if one.verb == exchange.method and one.path.fullmatch(exchange.path)
        ]
        if "/operations/" in exchange.path and len(found) > 1:
            mine = "container" if "/operation-" in exchange.path else "artifactregistry"
            found = [one for one in found if one.api == mine]
        assert len(found) == 1, f"{exchange.method} {exchange.path}: {[one.id for one in found]}"
        return found[0]

    def schema(self, api: str, name: str) -> Mapping[str, Any]:
        """A schema as the document has it."""
        found: Mapping[str, Any] = self._document[api]["schemas"][name]
        return found

    def _valid(self, method: Method, schema: str, body: Any) -> None:
        root = {"$ref": f"#/$defs/{schema}", "$defs": self._schemas[method.api]}
        errors = [
            f"{method.id} {schema} {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in Draft202012Validator(root).iter_errors(body)
        ]
        assert not errors, "\n".join(errors)

    def _read_only(self, api: str, name: str, body: Any, path: str = "") -> Iterator[str]:
        schema = self._document[api]["schemas"][name]
        for key, value in body.items() if isinstance(body, dict) else ():
            found = schema.get("properties", {}).get(key, {})
            if found.get("readOnly"):
                yield f"{path}{key}"
            reference = found.get("$ref") or found.get("items", {}).get("$ref")
            for one in value if isinstance(value, list) else [value]:
                if reference:
                    yield from self._read_only(api, reference, one, f"{path}{key}.")


def _methods(document: Mapping[str, Any]) -> Iterator[Method]:
    for api, found in document.items():
        for name, method in found["methods"].items():
            parameters = method["parameters"]
            query = {key for key, one in parameters.items() if one.get("location") == "query"}
            template = f"{found['servicePath']}{method['path']}"
            yield Method(
                name,
                method["httpMethod"],
                template,
                re.compile(re.sub(r"\{\+?\w+\}", "[^/:]+", f"/{template}")),
                _parameters(found, parameters),
                frozenset({*query, *found["parameters"], *_SYSTEM}),
                method.get("request"),
                method["response"],
                api,
            )


def _parameters(api: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    general = {
        name: {"type": "string", "location": "query", **_GENERAL.get(name, {})} for name in api["parameters"]
    }
    return {**general, **own}


def _converted(schema: Any) -> Any:
    """A discovery schema as JSON Schema; an object with listed properties has no others."""
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    kind = schema.get("type")
    if kind == "any":
        return {}
    if kind == "array":
        return {"type": "array", "items": _converted(schema["items"])}
    if kind == "object":
        properties = {name: _converted(one) for name, one in schema.get("properties", {}).items()}
        more = _converted(schema["additionalProperties"]) if "additionalProperties" in schema else False
        return {"type": "object", "properties": properties, "additionalProperties": more}
    if "enum" in schema:  # Google's libraries ask for numbers, and send them
        return {"anyOf": [{"enum": schema["enum"]}, {"type": "integer", "minimum": 0}]}
    return {"type": kind, **({"pattern": r"-?\d+"} if schema.get("format") in {"int64", "uint64"} else {})}


def _check_error(exchange: Exchange) -> None:
    error = json.loads(exchange.answer)["error"]
    assert error["code"] == exchange.status
    assert isinstance(error["message"], str)
    for detail in error.get("details", []):
        assert detail["@type"].startswith("type.googleapis.com/google.rpc.")
