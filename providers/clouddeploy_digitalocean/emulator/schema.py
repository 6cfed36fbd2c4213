"""The part of JSON Schema that `described` is written in.

`null` stands for a member that is not there, as it does to whoever decodes JSON into typed fields; a member
that no description knows is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def is_readable(schema: Schema, value: Any) -> bool:
    """Whether every value in it has the type that is described; `true` is no number, 1.0 no integer."""
    if value is None:
        return True
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return False
    if isinstance(value, dict):
        return all(is_readable(inner, value.get(name)) for name, inner in _members(schema))
    if isinstance(value, list):
        return all(one is not None and is_readable(schema["items"], one) for one in value)
    return True


def problems(schema: Schema, value: Any, where: str = "") -> Iterator[str]:
    """What is forbidden about a readable value, in words that name the member."""
    if value is None:
        return
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if value.get(name) in (None, "", []):
                yield f"{_joined(where, name)} is required"
        for name, inner in _members(schema):
            yield from problems(inner, value.get(name), _joined(where, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from problems(schema["items"], one, f"{where}[{number}]")
    elif not _fits(schema, value):
        yield f"invalid {where}"


def _fits(schema: Schema, value: Any) -> bool:
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, str):
        longest = schema.get("maxLength", len(value))
        return _matches(schema.get("pattern", ""), value) and len(value) <= longest
    least, largest = schema.get("minimum", value), schema.get("maximum", value)
    return bool(least <= value <= largest)


def _matches(pattern: str, value: str) -> bool:
    """`$` is the very end, as in ECMA-262; in Python a line break may follow."""
    return bool(re.search(re.sub(r"\$$", r"\\Z", pattern), value))


def _members(schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield from schema.get("properties", {}).items()


def _joined(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
