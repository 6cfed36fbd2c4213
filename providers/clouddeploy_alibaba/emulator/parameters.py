"""What a request may hold, whatever it asks for: checked before any service looks at it.

`parameters.json` is Alibaba's own description of each operation, as JSON Schema; a member that it does
not have is ignored, as Alibaba ignores it. Codes and words: "Common error codes" of the ECS and SLB API
references, and those of the gateway for ACR. Which of its codes ACK uses for which mistake is UNVERIFIED.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from clouddeploy_alibaba.emulator.answers import Received, ServiceError

Schema = Mapping[str, Any]
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}
_SWITCHES = {"true": True, "false": False}


class Wrong(NamedTuple):
    """What is wrong, and where: `Tag[0].Key`, or "" for the whole."""

    where: str
    missing: bool


def check(service: str, operation: str, request: Received) -> None:
    """ServiceError for the first member that is missing or not what the description says."""
    described = _table().get(service, {}).get(operation)
    if described is None:
        return
    parameters = request.parameters()
    asked = {name: _read(one, name, parameters) for name, one in _members(described.get("query", {}))}
    _refuse_first(service, wrongs(described.get("query", {}), asked))
    if "body" in described:
        body = request.document()
        empty: Any = [] if described["body"].get("type") == "array" else {}
        _refuse_first(service, wrongs(described["body"], empty if body is None else body))


def wrongs(schema: Schema, value: Any, where: str = "") -> Iterator[Wrong]:
    """Everything in a value that its schema forbids, in the schema's order."""
    if not _is_a(schema, value) or not _in_bounds(schema, value):
        yield Wrong(where, missing=False)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from wrongs(schema.get("items", {}), each, f"{where}[{index}]")
    elif isinstance(value, dict):
        for name in schema.get("required", ()):
            if value.get(name) is None:
                yield Wrong(_inside(where, name), missing=True)
        for name, inner in _members(schema):
            if value.get(name) is not None:
                yield from wrongs(inner, value[name], _inside(where, name))


def _refuse_first(service: str, found: Iterator[Wrong]) -> None:
    for one in found:
        raise _missing(service, one.where) if one.missing else _invalid(service, one.where)


def _missing(service: str, name: str) -> ServiceError:
    if service == "CS":
        return ServiceError("ErrorCheckParams", f"{name} is required")
    if service == "CR":
        return ServiceError(f"Missing{name}", f"{name} is mandatory for this action.")
    text = f'The input parameter "{name}" that is mandatory for processing this request is not supplied.'
    return ServiceError("MissingParameter", text)


def _invalid(service: str, name: str) -> ServiceError:
    if service == "CS":
        return ServiceError("ErrorCheckParams", f"{name or 'the request body'} is invalid")
    return ServiceError("InvalidParameter", f'The specified parameter "{name}" is not valid.')


def _is_a(schema: Schema, value: Any) -> bool:
    kind = schema.get("type")
    if kind is None:
        return True
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _in_bounds(schema: Schema, value: Any) -> bool:
    if schema.get("enum") and value not in schema["enum"]:
        return False
    sized = isinstance(value, list)
    measure = len(value) if sized else value
    least, most = ("minItems", "maxItems") if sized else ("minimum", "maximum")
    return not ((least in schema and measure < schema[least]) or (most in schema and measure > schema[most]))


def _read(schema: Schema, name: str, parameters: Mapping[str, str]) -> Any:
    """A member of a query as its type; None for one that is not there, the text for one that is no such."""
    if schema.get("style") == "repeatList":
        return _items(schema.get("items", {}), name, parameters)
    text = parameters.get(name)
    if text is None:
        return None
    if schema.get("style") == "json":
        return _parsed(text)
    match schema.get("type"):
        case "integer" if re.fullmatch(r"-?[0-9]+", text):
            return int(text)
        case "number" if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
            return float(text)
        case "boolean":
            return _SWITCHES.get(text.lower(), text)
    return text


def _items(schema: Schema, name: str, parameters: Mapping[str, str]) -> list[Any] | None:
    """`Name.1`, `Name.2`, …, or `Name.1.Key`, `Name.1.Value`, …; None without any."""
    numbers = {
        int(found[1]) for key in parameters if (found := re.match(rf"{re.escape(name)}\.([0-9]+)", key))
    }
    if schema.get("type") != "object":
        return [_read(schema, f"{name}.{one}", parameters) for one in sorted(numbers)] or None
    return [
        {key: _read(inner, f"{name}.{one}.{key}", parameters) for key, inner in _members(schema)}
        for one in sorted(numbers)
    ] or None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _members(schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield from schema.get("properties", {}).items()


def _inside(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


@cache
def _table() -> Mapping[str, Mapping[str, Mapping[str, Schema]]]:
    found: Mapping[str, Mapping[str, Mapping[str, Schema]]] = json.loads(
        files("clouddeploy_alibaba.emulator").joinpath("parameters.json").read_text()
    )
    return found
