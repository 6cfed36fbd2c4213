"""From a good request and its description: the requests beside it that the description forbids.

A description is a JSON Schema without references, with `additionalProperties: false` where a cloud
refuses members that it does not know. Each cloud's tests translate its official one into that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Schema = Mapping[str, Any]

_WRONG: Mapping[str, Any] = {
    "object": "text",
    "array": "text",
    "string": {"of": "the wrong type"},
    "integer": "many",
    "number": "many",
    "boolean": "perhaps",
}
_ODD = ("", "!", " ", "ünï", "UPPER", "a b", "-", "/", "0", "a" * 300)


class Mutant(NamedTuple):
    """A value that the description forbids: where (`tags[0].key`), what is wrong there, the whole value."""

    where: str
    wrong: str
    value: Any


def mutants(schema: Schema, value: Any) -> Iterator[Mutant]:
    """Each single change to a good value that its description forbids; of a list, its first item's."""
    kind = schema.get("type", "anything")
    if kind in _WRONG:
        yield Mutant("", f"no {kind}", _WRONG[kind])
    if schema.get("enum"):
        yield Mutant("", "none of the enum", _no_member_of(schema["enum"]))
    match value:
        case dict():
            yield from _of_object(schema, value)
        case list():
            yield from _of_list(schema, value)
        case str():
            yield from _of_text(schema)
        case int() | float() if not isinstance(value, bool):
            yield from _of_number(schema)


def _of_object(schema: Schema, value: Mapping[str, Any]) -> Iterator[Mutant]:
    for name in schema.get("required", ()):
        if name in value:
            rest = {key: each for key, each in value.items() if key != name}
            yield Mutant(name, "missing", rest)
    if schema.get("additionalProperties") is False:
        yield Mutant("noSuchMember", "unknown", {**value, "noSuchMember": "x"})
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            for one in mutants(inner, value[name]):
                yield Mutant(_joined(name, one.where), one.wrong, {**value, name: one.value})
    if value:
        yield from _of_map(schema, value)


def _of_map(schema: Schema, value: Mapping[str, Any]) -> Iterator[Mutant]:
    """Of an object whose members have names of the user's own: how many, how named, what each may be."""
    first = next(iter(value))
    if schema.get("minProperties"):
        yield Mutant("", "too few", dict([*value.items()][: schema["minProperties"] - 1]))
    if "maxProperties" in schema:
        yield Mutant(
            "", "too many", {f"a{number}": value[first] for number in range(schema["maxProperties"] + 1)}
        )
    rest = {key: each for key, each in value.items() if key != first}
    for one in _of_text(schema.get("propertyNames", {})):
        yield Mutant("{key}", one.wrong, {**rest, one.value: value[first]})
    if isinstance(schema.get("additionalProperties"), Mapping):
        for one in mutants(schema["additionalProperties"], value[first]):
            yield Mutant(_joined("{value}", one.where), one.wrong, {**value, first: one.value})


def _of_list(schema: Schema, value: list[Any]) -> Iterator[Mutant]:
    if len(value) and schema.get("minItems"):
        yield Mutant("", "too few", value[: schema["minItems"] - 1])
    if len(value) and "maxItems" in schema:
        yield Mutant("", "too many", (value * (schema["maxItems"] + 1))[: schema["maxItems"] + 1])
    if value:
        for one in mutants(schema.get("items", {}), value[0]):
            yield Mutant(_joined("[0]", one.where), one.wrong, [one.value, *value[1:]])


def _of_text(schema: Schema) -> Iterator[Mutant]:
    if schema.get("minLength"):
        yield Mutant("", "too short", "a" * (schema["minLength"] - 1))
    if "maxLength" in schema:
        yield Mutant("", "too long", "a" * (schema["maxLength"] + 1))
    if "pattern" in schema:
        fits = re.compile(schema["pattern"])
        odd = [text for text in _ODD if not fits.search(text)]
        yield from (Mutant("", f"{text[:9]!r} does not fit the pattern", text) for text in odd[:3])


def _of_number(schema: Schema) -> Iterator[Mutant]:
    if "minimum" in schema:
        yield Mutant("", "too small", schema["minimum"] - 1)
    if "maximum" in schema:
        yield Mutant("", "too large", schema["maximum"] + 1)


def _no_member_of(enum: Any) -> Any:
    return max(enum) + 1 if all(isinstance(one, int) for one in enum) else "no-such-value"


def _joined(name: str, rest: str) -> str:
    return name + rest if rest.startswith("[") or not rest else f"{name}.{rest}"
