"""Reading request bodies: unknown fields, and values of the wrong type, in the words of Go's decoder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from clouddeploy.emulator.kubernetes.resources import Resource
from clouddeploy.emulator.kubernetes.schema import Type
from clouddeploy.emulator.kubernetes.status import ApiError, bad_request
from clouddeploy.emulator.kubernetes.validation.quantities import QUANTITY

Json = dict[str, Any]

_GO_TYPES = {"str": "string", "int": "int32", "bool": "bool", "float": "float64", "time": "v1.Time"}
_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "time": (str,),
    "int": (int,),
}
_BAD_QUANTITY = r"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def read_body(body: bytes, content_type: str) -> Any:
    """The JSON or YAML value of a body; raises ApiError 400."""
    try:
        if "yaml" in content_type:
            return yaml.load(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        return json.loads(body)
    except (yaml.YAMLError, ValueError) as error:
        if "yaml" in content_type:
            problem = getattr(error, "problem", None) or error
            text = f"error decoding YAML: error converting YAML to JSON: yaml: {problem}"
            raise bad_request(text) from error
        raise bad_request(f"the object provided is unrecognized: json parse error: {error}") from error


def check_types(resource: Resource, obj: Mapping[str, Any]) -> None:
    """Raises ApiError 400 when a value has the wrong type."""
    if problem := next(_wrong(obj, resource.type, resource.kind, ()), None):
        start = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise bad_request(f"{start}: {problem}")


def unknown_fields(obj: Any, type_: Type, at: str = "") -> Iterator[str]:
    """The paths of fields that the type does not have, such as `spec.template.spec.containers[0].imagee`."""
    if type_.shape == "struct" and isinstance(obj, Mapping):
        for name, value in obj.items():
            path = f"{at}.{name}" if at else name
            if name not in type_.fields:
                yield path
            else:
                yield from unknown_fields(value, type_.fields[name], path)
    elif isinstance(obj, list):
        for number, item in enumerate(obj):
            yield from unknown_fields(item, type_.child(""), f"{at}[{number}]")
    elif type_.shape == "map" and isinstance(obj, Mapping):
        for name, item in obj.items():
            yield from unknown_fields(item, type_.child(name), f"{at}.{name}")


def refuse_unknown(resource: Resource, obj: Any) -> None:
    """Raises ApiError 400 as `fieldValidation=Strict` asks."""
    names = ", ".join(f'unknown field "{name}"' for name in unknown_fields(obj, resource.type))
    if names:
        start = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise bad_request(f"{start}: strict decoding error: {names}")


def refuse_undeclared(resource: Resource, name: str, obj: Any) -> None:
    """Raises ApiError 500, as server-side apply does for a field that the schema lacks."""
    if field := next(unknown_fields(obj, resource.type), None):
        place = f"(/{name}; {resource.api_version}, Kind={resource.kind})"
        text = f"failed to create typed patch object {place}: .{field}: field not declared in schema"
        raise ApiError(500, "", text)


def _wrong(value: Any, type_: Type, owner: str, at: tuple[str, ...]) -> Iterator[str]:
    """What is wrong, first come first; `owner` is the Go struct that has the field."""
    if value is None or type_.shape == "any":
        return
    if not _fits(value, type_):
        yield _complaint(value, type_, owner, at)
    elif type_.shape == "struct":
        for name, part in value.items():
            if name in type_.fields:
                yield from _wrong(part, type_.fields[name], type_.name, (*at, name))
    elif type_.shape == "map":
        for part in value.values():
            yield from _wrong(part, type_.child(""), owner, at)
    elif isinstance(value, list):
        for part in value:
            yield from _wrong(part, type_.child(""), owner, at)


def _fits(value: Any, type_: Type) -> bool:
    if type_.shape in ("struct", "map"):
        return isinstance(value, Mapping)
    if type_.shape in ("list", "set", "assoc"):
        return isinstance(value, list)
    if type_.name == "quantity":
        return isinstance(value, (str, int, float)) and QUANTITY.match(str(value)) is not None
    if type_.name == "intstr":
        return isinstance(value, (str, int))
    if isinstance(value, bool):
        return type_.name == "bool"
    return isinstance(value, _PYTHON_TYPES.get(type_.name, (int, float)))


def _complaint(value: Any, type_: Type, owner: str, at: tuple[str, ...]) -> str:
    if type_.name == "quantity":
        return _BAD_QUANTITY
    found = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    field = ".".join((owner, *at))
    return f"json: cannot unmarshal {found} into Go struct field {field} of type {_go_type(type_)}"


def _go_type(type_: Type) -> str:
    if type_.shape == "map":
        return f"map[string]{_go_type(type_.child(''))}"
    if type_.shape in ("list", "set", "assoc"):
        return f"[]{_go_type(type_.child(''))}"
    return f"v1.{type_.name}" if type_.shape == "struct" else _GO_TYPES.get(type_.name, type_.name)
