"""DigitalOcean's description of what a request holds, as JSON Schema without references."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from clouddeploy_digitalocean.emulator.routes import ROUTES
from tests.providers.digitalocean.openapi import OpenApi

Schema = Mapping[str, Any]

_RULES = ("type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")


def described(openapi: OpenApi, name: str) -> dict[str, Any]:
    """The description of one of pydo's operations, by way of the emulator's routes."""
    route = next(one for one in ROUTES if one.operation == name)
    plain = re.sub(r"\(\?P<\w+>(.+?)\)", r"\1", route.path.pattern)
    found: dict[str, Any] = openapi.operations[route.method, plain]
    return found


def body_of(openapi: OpenApi, operation: Mapping[str, Any]) -> Schema | None:
    """What the body of a request holds; None for an operation that takes none."""
    content = operation.get("requestBody", {}).get("content", {})
    schemas = [one["schema"] for one in content.values()]
    assert len(schemas) <= 1
    return translated(openapi, schemas[0]) if schemas else None


def query_of(openapi: OpenApi, operation: Mapping[str, Any]) -> Schema:
    """What the query of a request holds, as the members of one object."""
    found = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
    assert not any(one.get("required") for one in found)
    return _object({one["name"]: _parameter(openapi, one["schema"]) for one in found}, [])


def translated(openapi: OpenApi, schema: Schema) -> Schema:
    """The rules of a schema: its references followed, its parts (`allOf`) in one, without `readOnly` members.

    AssertionError for alternatives (`anyOf`, `oneOf`): no request of these operations has them.
    """
    parts = [*_parts(openapi, schema)]
    rules = {key: part[key] for part in parts for key in _RULES if key in part}
    members = {name: inner for part in parts for name, inner in part.get("properties", {}).items()}
    if members:
        known = {name: each for name, each in members.items() if not _read_only(openapi, each)}
        required = [name for part in parts for name in part.get("required", ())]
        shown = {name: translated(openapi, each) for name, each in known.items()}
        return {**rules, **_object(shown, required)}
    items = [part["items"] for part in parts if "items" in part]
    return {**rules, "items": translated(openapi, items[0])} if items else rules


def _parameter(openapi: OpenApi, schema: Schema) -> Schema:
    default = openapi.resolved(schema).get("default")
    found = translated(openapi, schema)
    return found if default is None else {**found, "default": default}


def _object(members: Mapping[str, Schema], required: list[str]) -> Schema:
    found: Schema = {"type": "object", "properties": members}
    return {**found, "required": sorted(required)} if required else found


def _parts(openapi: OpenApi, schema: Schema) -> Iterator[Schema]:
    found = openapi.resolved(schema)
    assert not {"anyOf", "oneOf"} & set(found), found
    yield found
    for one in found.get("allOf", ()):
        yield from _parts(openapi, one)


def _read_only(openapi: OpenApi, schema: Schema) -> bool:
    return any(part.get("readOnly") for part in _parts(openapi, schema))
