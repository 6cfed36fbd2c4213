"""Which rules of a botocore description a value breaks: members, types, sizes, patterns, enums."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
"""Names of members and, counted from 1, places in lists."""

Wire = Callable[[str, Any], str]
"""What the protocol calls a member of this name and shape."""

REQUIRED, TYPE, ENUM, PATTERN, LEAST, MOST, UNKNOWN = (
    "required",
    "type",
    "enum",
    "pattern",
    "least",
    "most",
    "unknown",
)


class Broken(NamedTuple):
    """A rule that the value at a path breaks; `limit` is what the rule demands, `kind` the shape's type."""

    path: Path
    rule: str
    value: Any = None
    limit: Any = None
    kind: str = ""


_NUMBERS = {"integer", "long", "float", "double"}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}
"""Of JSON; a timestamp and a blob may be written in several ways."""

_JAVA = {r"\p{L}": r"\w", r"\p{N}": "", r"\p{Z}": " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"}
"""Python has no classes of Unicode's; in the models these three come together, with the `_` that \\w adds."""


def by_name(name: str, _: Any) -> str:
    """JSON requests are read under the names of the description."""
    return name


def broken(shape: Any, value: Any, wire: Wire = by_name, path: Path = ()) -> Iterator[Broken]:
    """Every rule of a shape that a value breaks; null is an absent member, unknown ones are passed over."""
    if not _fits(shape.type_name, value):
        yield Broken(path, TYPE, value, shape.type_name, shape.type_name)
        return
    match shape.type_name:
        case "structure":
            yield from _in_structure(shape, value, wire, path)
        case "list":
            yield from _of_size(shape, value, len(value), path)
            for number, item in enumerate(value, 1):
                yield from broken(shape.member, item, wire, (*path, number))
        case "map":
            yield from _of_size(shape, value, len(value), path)
            for key, item in value.items():
                yield from broken(shape.key, key, wire, (*path, key))
                yield from broken(shape.value, item, wire, (*path, key))
        case "string":
            yield from _in_text(shape, value, path)
        case kind if kind in _NUMBERS:
            yield from _of_size(shape, value, value, path)


def _fits(kind: str, value: Any) -> bool:
    types = _TYPES.get(kind)
    return types is None or (isinstance(value, types) and (kind == "boolean" or not isinstance(value, bool)))


def _in_structure(shape: Any, value: Mapping[str, Any], wire: Wire, path: Path) -> Iterator[Broken]:
    required = set(shape.required_members)
    for name, member in shape.members.items():
        key = wire(name, member)
        if value.get(key) is not None:
            yield from broken(member, value[key], wire, (*path, key))
        elif name in required:
            yield Broken((*path, key), REQUIRED)


def _in_text(shape: Any, value: str, path: Path) -> Iterator[Broken]:
    yield from _of_size(shape, value, len(value), path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield Broken(path, PATTERN, value, pattern, "string")
    enum = getattr(shape, "enum", None)
    if enum and value not in enum:
        yield Broken(path, ENUM, value, enum, "string")


def _of_size(shape: Any, value: Any, size: float, path: Path) -> Iterator[Broken]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield Broken(path, LEAST, value, least, shape.type_name)
    if most is not None and size > most:
        yield Broken(path, MOST, value, most, shape.type_name)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Java's classes are of ASCII where they are not of Unicode by name."""
    flags = re.NOFLAG if r"\p" in pattern else re.ASCII
    for java, python in _JAVA.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern, flags)
