"""Queries as Alibaba reads them: text, lists with numbers in their names, and JSON."""

from __future__ import annotations

import json
from typing import Any

from clouddeploy_alibaba.emulator.answers import Received
from tests.providers.mutants import Schema

Pairs = list[tuple[str, str]]


def typed(query: Schema, good: Received) -> dict[str, Any]:
    """A query with numbers for numbers, `Tag.1.Key` in a list, and JSON read."""
    found: dict[str, Any] = {}
    for name, value in good.parameters().items():
        first, _, rest = name.partition(".")
        schema = query["properties"].get(name) or query["properties"][first]
        if not rest:
            found[name] = _value(schema, value)
            continue
        number, _, member = rest.partition(".")
        items = found.setdefault(first, [])
        if len(items) < int(number):
            items.append({})
        items[int(number) - 1][member] = value
    return found


def _value(schema: Schema, value: str) -> Any:
    if schema.get("style") == "json":
        return json.loads(value)
    match schema.get("type"):
        case "integer":
            return int(value)
        case "boolean":
            return value == "True"
    return value


def pairs_of(query: Schema, value: Any) -> Pairs | None:
    """A query as it is sent; None for what no query can say.

    Everything in it is text, so no string is of the wrong type; and a list is as many names with
    numbers, so that a name without one is another name, which Alibaba ignores.
    """
    if not isinstance(value, dict):
        return None
    found: Pairs = []
    for name, each in value.items():
        pairs = _of_member(query["properties"][name], name, each)
        if pairs is None:
            return None
        found += pairs
    return found


def _of_member(schema: Schema, name: str, value: Any) -> Pairs | None:
    if schema.get("style") == "json":
        return [(name, value if isinstance(value, str) else json.dumps(value))]
    if schema.get("style") != "repeatList":
        return None if isinstance(value, dict) else [(name, str(value))]
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return None
    members = [
        (f"{name}.{number}.{key}", each) for number, one in enumerate(value, 1) for key, each in one.items()
    ]
    return members if all(isinstance(each, str) for _, each in members) else None
