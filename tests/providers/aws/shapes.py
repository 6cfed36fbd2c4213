"""botocore's descriptions of requests as JSON Schema, as far as each protocol can say a mistake at all.

Smithy's specification of the protocols: every value of a query request, and every value in a path or a
query string, is text. There a text of the wrong type is only another text.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

CLOSED = {"ec2"}
"""The protocol whose service refuses members that it does not know; the others read past them."""

_TYPES = {
    "structure": "object",
    "map": "object",
    "list": "array",
    "string": "string",
    "integer": "integer",
    "long": "integer",
    "double": "number",
    "float": "number",
    "boolean": "boolean",
}
_SIZES = {
    "string": ("minLength", "maxLength"),
    "list": ("minItems", "maxItems"),
    "map": ("minProperties", "maxProperties"),
    "integer": ("minimum", "maximum"),
    "long": ("minimum", "maximum"),
}
_TEXTUAL = {"ec2", "query"}


def schema(shape: Any, protocol: str) -> Schema:
    """What a value of this shape must be, sent by this protocol."""
    return {**_type(shape, protocol), **_sizes(shape), **_members(shape, protocol)}


def _type(shape: Any, protocol: str) -> Schema:
    location = shape.serialization.get("location")
    if shape.type_name not in _TYPES:  # timestamps and blobs: no call here sends any
        return {}
    if shape.type_name == "string" and (protocol in _TEXTUAL or location):
        return {}
    if shape.type_name == "list" and location:  # one text is a list of one
        return {}
    return {"type": _TYPES[shape.type_name]}


def _sizes(shape: Any) -> Schema:
    least, most = _SIZES.get(shape.type_name, ("", ""))
    found = {least: shape.metadata.get("min"), most: shape.metadata.get("max")}
    return {key: value for key, value in found.items() if value is not None}


def _members(shape: Any, protocol: str) -> Schema:
    match shape.type_name:
        case "structure":
            return _of_structure(shape, protocol)
        case "list" if shape.serialization.get("location"):
            return {"items": schema(shape.member, "query")}
        case "list":
            return {"items": schema(shape.member, protocol)}
        case "map":
            names, values = schema(shape.key, protocol), schema(shape.value, protocol)
            return {"propertyNames": names, "additionalProperties": values}
        case "string":
            return _of_text(shape)
    return {}


def _of_structure(shape: Any, protocol: str) -> Schema:
    properties = {name: schema(one, protocol) for name, one in shape.members.items()}
    found: Schema = {"required": list(shape.required_members), "properties": properties}
    return {**found, "additionalProperties": False} if protocol in CLOSED else found


def _of_text(shape: Any) -> Schema:
    found: Schema = {"enum": list(shape.enum)} if getattr(shape, "enum", None) else {}
    pattern = shape.metadata.get("pattern")
    return {**found, "pattern": f"^(?:{python(pattern)})$"} if pattern else found


def python(pattern: str) -> str:
    """The models write Java's patterns."""
    return pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s")
