"""What a request of each emulated operation may hold, as JSON Schema, from Alibaba's own descriptions.

ACK, ACR and VPC from the OpenAPI metadata, in its newest version; ECS, SLB and STS from the models of the
official SDKs, which say in a comment what is required. `python -m tests.providers.alibaba.described`
writes the emulator's table anew.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.providers.alibaba.openapi import SERVICES, Api, spec
from tests.providers.alibaba.sdk_models import PACKAGES

Json = dict[str, Any]
Table = dict[str, dict[str, dict[str, Json]]]
"""Service -> operation -> `query` and `body` -> JSON Schema."""

TABLE = Path(__file__).parents[3] / "providers/clouddeploy_alibaba/emulator/parameters.json"
OF_SDKS = {
    "ECS": ("DescribeAvailableResource", "DescribeDisks"),
    "SLB": ("DeleteLoadBalancer", "DescribeLoadBalancers"),
    "STS": ("GetCallerIdentity",),
}
_LIMITS = ("minimum", "maximum", "maxItems")
"""Some of them are written as text. Of lengths and patterns nothing is described."""
_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}
_REQUIRED = re.compile(r"# This parameter is required\.\n\s+self\.(\w+) =")


@cache
def table() -> Table:
    """Everything that is described."""
    found: Table = {
        service: {name: _of_metadata(Api(service, name)) for name in sorted(spec()[key]["apis"])}
        for service, key in sorted(SERVICES.items())
    }
    return found | {
        service: {name: _of_model(service, name) for name in names} for service, names in OF_SDKS.items()
    }


def text(found: Table) -> str:
    """The emulator's file: an operation in each line."""
    services = [
        f'"{service}":{{\n' + ",\n".join(f'"{name}":{_line(one)}' for name, one in operations.items()) + "\n}"
        for service, operations in sorted(found.items())
    ]
    return "{\n" + ",\n".join(services) + "\n}\n"


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _of_metadata(api: Api) -> dict[str, Json]:
    label = max(api.described["requests"])
    given = api.described["requests"][label]
    asked = {one["name"]: _parameter(api, one, label) for one in given if one["in"] == "query"}
    required = sorted(one["name"] for one in given if one["in"] == "query" and one["schema"].get("required"))
    bodies = [_translated(api, one["schema"], label) for one in given if one["in"] == "body"]
    return {"query": _object(asked, required), **({"body": bodies[0]} if bodies else {})}


def _parameter(api: Api, one: Mapping[str, Any], label: str) -> Json:
    """`style` says how a list or an object is written: as JSON, or as one parameter for each item."""
    found = _translated(api, one["schema"], label)
    return {**found, "style": one["style"]} if one["style"] else found


def _translated(api: Api, schema: Any, label: str) -> Json:
    """Alibaba writes `required` into the member that is; JSON Schema into the object that holds it."""
    schema = api.resolved(schema, label)
    found = {name: schema[name] for name in ("type", "enum") if name in schema}
    found |= {name: int(schema[name]) for name in _LIMITS if name in schema}
    if "items" in schema:
        found["items"] = _translated(api, schema["items"], label)
    if "properties" in schema:
        known = {name: _translated(api, one, label) for name, one in schema["properties"].items()}
        required = [
            name for name, one in schema["properties"].items() if api.resolved(one, label).get("required")
        ]
        found |= _object(known, sorted(required))
    return found


def _object(properties: Json, required: list[str]) -> Json:
    found: Json = {"type": "object", "properties": properties}
    return {**found, "required": required} if required else found


def _of_model(service: str, name: str) -> dict[str, Json]:
    model = getattr(importlib.import_module(f"{PACKAGES[service]}.models"), f"{name}Request", None)
    return {"query": _of_class(model) if model else _object({}, [])}


def _of_class(model: Any) -> Json:
    hints = typing.get_type_hints(model.__init__)
    wire = dict(_names(model))
    required = [wire[one] for one in _REQUIRED.findall(inspect.getsource(model.__init__)) if one in wire]
    return _object({wire[one]: _of_hint(hints[one]) for one in sorted(wire)}, sorted(required))


def _of_hint(hint: Any) -> Json:
    if typing.get_origin(hint) is list:
        return {"type": "array", "items": _of_hint(*typing.get_args(hint)), "style": "repeatList"}
    return {"type": _SCALARS[hint]} if hint in _SCALARS else _of_class(hint)


def _names(model: Any) -> Iterator[tuple[str, str]]:
    """A field's name in Python, and on the wire: `from_map` reads values, and lists item by item."""
    source = inspect.getsource(model.from_map)
    yield from re.findall(r"self\.(\w+) = m\.get\('([\w.]+)'\)", source)
    yield from re.findall(r"self\.(\w+) = \[\]\n\s+if m\.get\('([\w.]+)'\)", source)


if __name__ == "__main__":
    TABLE.write_text(text(table()))
