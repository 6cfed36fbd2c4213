"""As much of JSON Schema (draft 2020-12) as the schema of clouddeploy.yaml uses."""

# ruff: noqa: E501  # a list of words

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
KNOWN = {
    "$defs", "$ref", "$schema", "additionalProperties", "anyOf", "const", "description", "enum", "items", "maximum",
    "minItems", "minLength", "minimum", "oneOf", "pattern", "patternProperties", "properties", "required", "title", "type",
}  # fmt: skip


def violations(schema: dict[str, Any], value: Any, root: dict[str, Any] | None = None) -> list[str]:
    """What is wrong with a value; empty for a valid one."""
    root = root or schema
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "$ref" in schema:
        return violations(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, root)
    return [*_own(schema, value), *_options(schema, value, root), *_inside(schema, value, root)]


def _own(schema: dict[str, Any], value: Any) -> Iterator[str]:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(kind, value) for kind in kinds):
        yield f"{value!r} is not {kinds}"
    if "const" in schema and value != schema["const"]:
        yield f"{value!r} is not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is not in {schema['enum']}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{value!r} does not match {schema['pattern']}"
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get(
        "maximum", value
    ):
        yield f"{value} is out of range"


def _is(kind: str, value: Any) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _options(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> Iterator[str]:
    for word in ("anyOf", "oneOf"):
        if word in schema and all(violations(option, value, root) for option in schema[word]):
            yield f"{value!r} fits no option"


def _inside(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from violations(schema.get("items", {}), item, root)
    if not isinstance(value, dict):
        return
    yield from (f"{key} is missing" for key in schema.get("required", []) if key not in value)
    for key, item in value.items():
        rules = [schema["properties"][key]] if key in schema.get("properties", {}) else []
        rules += [
            rule for pattern, rule in schema.get("patternProperties", {}).items() if re.search(pattern, key)
        ]
        rest = schema.get("additionalProperties", True)
        if not rules and rest is False:
            yield f"{key} is unknown"
        rules = rules or ([rest] if isinstance(rest, dict) else [])
        for rule in rules:
            yield from violations(rule, item, root)
