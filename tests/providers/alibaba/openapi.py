"""Alibaba Cloud's own API description, and what does not agree with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from clouddeploy_alibaba.emulator.answers import Answer, Received

SPEC = Path(__file__).parents[2] / "specs" / "alibaba-openapi.json"
SERVICES = {"CS": "cs", "CR": "cr", "VPC": "vpc"}
YOUNGER = {("CreateCluster", "client_token")}
"""In the SDK of today (alibabacloud_cs20151215 7.2.3), not yet in the description of 2025-12."""
LOOSE = {("DescribeClusterUserKubeconfig", "config")}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@cache
def spec() -> Any:
    return json.loads(SPEC.read_text())["services"]


@dataclass(frozen=True)
class Api:
    """One operation of one service."""

    service: str
    name: str

    @property
    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = spec()[SERVICES[self.service]]["apis"][self.name]
        return found

    def request_problems(self, request: Received) -> list[str]:
        """What does not agree with the newest description; a field that only the older one has is fine."""
        found = []
        if request.method.lower() not in self.described["methods"]:
            found.append(f"{request.method} is none of {self.described['methods']}")
        path = re.sub(r"\{\w+\}", "[^/]+", self.described["path"] or "/")
        if not re.fullmatch(path, request.path):
            found.append(f"{request.path} is not {self.described['path']}")
        return [*found, *self._parameter_problems(request), *self._body_problems(request)]

    def answer_problems(self, answer: Answer) -> list[str]:
        schema = self.described.get("response")
        return list(self._problems(schema, answer.body, "", "2024")) if schema else []

    def _parameter_problems(self, request: Received) -> Iterator[str]:
        given = dict(parse_qsl(request.query, keep_blank_values=True))
        known = [one for each in self.described["requests"].values() for one in each if one["in"] == "query"]
        for name, value in given.items():
            fits = [one for one in known if name == one["name"] or name.startswith(f"{one['name']}.")]
            if not fits:
                yield f"unknown parameter {name}"
            elif fits[-1]["name"] == name and not _parses(value, fits[-1]["schema"]):
                yield f"{name}={value} is no {fits[-1]['schema']['type']}"
        for one in known:
            name = one["name"]
            if one["schema"].get("required") and not any(each.partition(".")[0] == name for each in given):
                yield f"{name} is missing"

    def _body_problems(self, request: Received) -> Iterator[str]:
        bodies = {
            label: one["schema"]
            for label, each in self.described["requests"].items()
            for one in each
            if one["in"] == "body"
        }
        document = request.document() if bodies else None
        if document is None:
            return
        old, new = bodies.get("2024", {}), bodies.get("2025", bodies.get("2024", {}))
        older = set(self._problems(old, document, "", "2024"))
        for problem in self._problems(new, document, "", "2025"):
            if not problem.startswith("unknown") or problem in older:
                yield problem

    def _problems(self, schema: Any, value: Any, path: str, label: str) -> Iterator[str]:
        schema = self.resolved(schema, label)
        kind = schema.get("type")
        if kind is None or (self.name, path.strip(".")) in LOOSE:
            return
        if not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
            yield f"{path} is no {kind}: {value!r}"
            return
        if schema.get("enum") and value not in schema["enum"]:
            yield f"{path} is none of {schema['enum']}: {value!r}"
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield from self._problems(schema.get("items", {}), each, f"{path}[{index}]", label)
        if isinstance(value, dict) and "properties" in schema:
            yield from self._member_problems(schema["properties"], value, path, label)

    def _member_problems(
        self, known: Mapping[str, Any], value: Mapping[str, Any], path: str, label: str
    ) -> Iterator[str]:
        for name, each in value.items():
            if name in known:
                yield from self._problems(known[name], each, f"{path}.{name}", label)
            elif (self.name, name) not in YOUNGER:
                yield f"unknown member {path}.{name}"
        for name, schema in known.items():
            if schema.get("required") and name not in value:
                yield f"{path}.{name} is missing"

    def resolved(self, schema: Any, label: str) -> dict[str, Any]:
        if isinstance(schema, dict) and "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            found: dict[str, Any] = spec()[SERVICES[self.service]]["components"].get(label, {}).get(name, {})
            return found
        return schema if isinstance(schema, dict) else {}


def _parses(text: str, schema: Mapping[str, Any]) -> bool:
    match schema.get("type"):
        case "integer":
            return text.lstrip("-").isdecimal()
        case "boolean":
            return text.lower() in {"true", "false"}
        case "array":
            return text.startswith("[")
    return not schema.get("enum") or text in schema["enum"]
