"""DigitalOcean's own API description as a judge of requests and answers (OpenAPI 3.0)."""

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

SPEC = Path(__file__).parents[2] / "specs" / "digitalocean-openapi.json"

UNDOCUMENTED = {"registries_get_dockerCredentials": {"read_write", "expiry_seconds"}}
"""Query parameters that an operation's text describes and its list forgets."""

TEMPLATE = "x-path"
"""Where an operation that was read keeps its path, as the description writes it."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    method: str
    path: str
    query: str
    body: bytes
    status: int
    media_type: str
    answer: bytes


class Recorder:
    """A WSGI application in front of another: passes everything on and keeps it."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.exchanges: list[Exchange] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(sent)
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            told[:] = [int(status.split(maxsplit=1)[0]), dict(headers)]
            return start_response(status, headers, *rest)

        answer = b"".join(self._app(environ, start))
        media_type = told[1].get("Content-Type", "")
        query = environ.get("QUERY_STRING", "")
        path = environ["REQUEST_URI"].partition("?")[0]
        self.exchanges.append(
            Exchange(environ["REQUEST_METHOD"], path, query, sent, told[0], media_type, answer)
        )
        return [answer]


class OpenApi:
    """Validates exchanges; `counts` is how many of each operation were good."""

    def __init__(self) -> None:
        document = json.loads(SPEC.read_text())
        self.operations = dict(_operations(document))
        self._schemas = document["components"]["schemas"]
        self._components = _converted(document["components"])
        self.counts: Counter[str] = Counter()

    def check(self, exchange: Exchange) -> str:
        """The operation's id; AssertionError for a request or an answer that the description forbids."""
        operation = self.operation_of(exchange)
        name: str = operation["operationId"]
        if exchange.status < 400:
            self._check_query(operation, exchange)
            self._check_body(operation, exchange)
        self._check_answer(operation, exchange)
        self.counts[name] += 1
        return name

    def places(self, operation: Mapping[str, Any], path: str) -> Mapping[str, tuple[int, int]]:
        """Where the parameters of an operation's path are."""
        match = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation[TEMPLATE]), path)
        assert match, path
        return {name: match.span(name) for name in match.groupdict()}

    def operation_of(self, exchange: Exchange) -> Mapping[str, Any]:
        """AssertionError for none."""
        for (method, pattern), operation in self.operations.items():
            if method == exchange.method and re.fullmatch(pattern, exchange.path):
                found: Mapping[str, Any] = operation
                return found
        raise AssertionError(f"no such operation: {exchange.method} {exchange.path}")

    def _check_query(self, operation: Mapping[str, Any], exchange: Exchange) -> None:
        known = {one["name"]: one for one in operation.get("parameters", ()) if one["in"] == "query"}
        extra = UNDOCUMENTED.get(operation["operationId"], set())
        for name, value in parse_qsl(exchange.query):
            assert name in known or name in extra, f"{operation['operationId']}: parameter {name}"
            schema = known.get(name, {}).get("schema", {})
            typed = int(value) if schema.get("type") == "integer" else value
            self._validate(schema, typed, f"{operation['operationId']} ?{name}")

    def _check_body(self, operation: Mapping[str, Any], exchange: Exchange) -> None:
        schema = _content(operation.get("requestBody", {}))
        if schema is None:
            assert not exchange.body, f"{operation['operationId']} takes no body"
            return
        body = json.loads(exchange.body)
        self._validate(schema, body, f"{operation['operationId']} request")
        unknown = set(self._unknown(schema, body))
        assert not unknown, f"{operation['operationId']} request: unknown {unknown}"

    def _check_answer(self, operation: Mapping[str, Any], exchange: Exchange) -> None:
        told = operation["responses"].get(str(exchange.status), operation["responses"].get("default"))
        assert told is not None, f"{operation['operationId']}: status {exchange.status}"
        schema = _content(told)
        if schema is None:
            assert not exchange.answer
            return
        if "json" in exchange.media_type:
            self._validate(schema, json.loads(exchange.answer), f"{operation['operationId']} answer")

    def _validate(self, schema: Any, value: Any, what: str) -> None:
        root = {"allOf": [_converted(schema)], "components": self._components}
        problems = [
            f"{what}: {error.json_path}: {error.message[:300]}"
            for error in Draft202012Validator(root).iter_errors(value)
        ]
        assert not problems, "\n".join(problems)

    def _unknown(self, schema: Any, value: Any, where: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            known = self._properties(schema)
            for key, inner in value.items():
                if key not in known:
                    yield f"{where}.{key}"
                else:
                    yield from self._unknown(known[key], inner, f"{where}.{key}")
        elif isinstance(value, list):
            items = self._resolve(schema).get("items", {})
            for inner in value:
                yield from self._unknown(items, inner, f"{where}[]")

    def _properties(self, schema: Any) -> dict[str, Any]:
        found = self._resolve(schema)
        mine = {
            name: one
            for name, one in found.get("properties", {}).items()
            if not self._resolve(one).get("readOnly")
        }
        for part in found.get("allOf", ()):
            mine |= self._properties(part)
        return mine

    def resolved(self, schema: Any) -> Any:
        """What a schema refers to, as the description has it."""
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def _resolve(self, schema: Any) -> Any:
        while "$ref" in schema:
            schema = self._components["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema["anyOf"][0] if "anyOf" in schema else schema


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    literal_first = sorted(document["paths"].items(), key=lambda item: "{" in item[0])
    for path, item in literal_first:
        pattern = re.sub(r"\{\w+\}", "[^/]+", path)
        for method, operation in item.items():
            yield (method.upper(), pattern), {**operation, TEMPLATE: path}


def _content(part: Mapping[str, Any]) -> Any:
    content = part.get("content", {})
    return next((one.get("schema", {}) for one in content.values()), None)


def _converted(schema: Any) -> Any:
    """OpenAPI 3.0's dialect -> JSON schema: `nullable`, and no examples."""
    if isinstance(schema, list):
        return [_converted(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _converted(value) for key, value in schema.items() if key not in {"nullable", "example"}}
    if schema.get("nullable") is True:
        return {"anyOf": [found, {"type": "null"}]}
    return found
