"""A JSON payload as Google's front end reads it: every field is known, every value is of its type.

Source of the rules and of the words: the JSON transcoder of protocolbuffers/protobuf
(util/internal/proto_writer.cc, protostream_objectwriter.cc, datapiece.cc), as Google's APIs quote it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from clouddeploy_gcp.emulator.answers import ApiError, Json, not_emulated
from clouddeploy_gcp.emulator.differences import HIDDEN, NEWER, NEWER_VALUES

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

_WELL_KNOWN = "google.protobuf."
_RECEIVED = "Invalid JSON payload received."
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_BITS = {"INT32": 31, "SINT32": 31, "SFIXED32": 31, "INT64": 63, "SINT64": 63, "SFIXED64": 63}
_UNSIGNED = {"UINT32": 32, "FIXED32": 32, "UINT64": 64, "FIXED64": 64}


class Violation(NamedTuple):
    """One thing that is wrong: the field as Google names it, empty for the whole, and Google's words."""

    field: str
    text: str


class WrongValueError(ValueError):
    """A value that is not of its field's type."""


class Payload:
    """Makes of JSON what protobuf's own parser takes; `wrong` is what Google has against it."""

    def __init__(self) -> None:
        self.wrong: list[Violation] = []

    def message(self, kind: Descriptor, body: Mapping[str, Any], at: str = "") -> Json:
        """The members of one object at a place such as `cluster.node_pools[0]`; null is as if not there."""
        found: Json = {}
        chosen: dict[str, str] = {}
        for key, value in body.items():
            field = field_of(kind, key)
            if field is None:
                where = f" at '{at}'" if at else ""
                self._say(at, f'{_RECEIVED} Unknown name "{key}"{where}: Cannot find field.')
            elif value is not None:
                self._one_of(field, chosen, at)
                found[key] = self._field(field, key, value, at)
        return found

    def check(self) -> None:
        """INVALID_ARGUMENT with everything that is wrong."""
        if self.wrong:
            text = "\n".join(one.text for one in self.wrong)
            raise ApiError("INVALID_ARGUMENT", text, violations=tuple(self.wrong))

    def _field(self, field: FieldDescriptor, key: str, value: Any, at: str) -> Any:
        where = _joined(at, field.name.rstrip("_"))
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return self._map(field.message_type.fields_by_name["value"], value, where)
        if field.is_repeated:  # the transcoder takes a single value for a list of one: ImplicitPrimitiveList
            values = value if isinstance(value, list) else [value]
            return [self._value(field, one, f"{where}[{n}]", where) for n, one in enumerate(values)]
        if isinstance(value, list):
            place = f" at '{at}'" if at else ""
            text = "Proto field is not repeating, cannot start list."
            self._say(at, f'{_RECEIVED} Unknown name "{key}"{place}: {text}')
            return None
        return self._value(field, value, where, at)

    def _map(self, inner: FieldDescriptor, value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            self._say(where, f"Invalid value at '{where}' (Map), {json.dumps(value)}")
            return None
        return {
            key: self._value(inner, one, f"{where}[{n}].value", f"{where}[{n}]")
            for n, (key, one) in enumerate(value.items())
        }

    def _value(self, field: FieldDescriptor, value: Any, where: str, parent: str) -> Any:
        kind = field.message_type
        if kind is not None and isinstance(value, dict) and not kind.full_name.startswith(_WELL_KNOWN):
            return self.message(kind, value, where)
        if isinstance(value, dict) and kind is None:
            self._say(where, f"Invalid value at '{parent}' ({field.name}), {_OBJECT}")
            return None
        try:
            return _well_known(kind, value) if kind is not None else scalar(field, value)
        except WrongValueError:
            self._say(where, f"Invalid value at '{where}' ({type_of(field)}), {json.dumps(value)}")
            return None

    def _one_of(self, field: FieldDescriptor, chosen: dict[str, str], at: str) -> None:
        group = field.containing_oneof
        if group is None or group.name.startswith("_"):  # of an optional field alone
            return
        if group.name in chosen:
            text = f"oneof field '{group.name}' is already set. Cannot set '{field.name}'"
            self._say(at, f"Invalid value at '{at}' (oneof), {text}")
        chosen[group.name] = field.name

    def _say(self, field: str, text: str) -> None:
        self.wrong.append(Violation(field, text))


_OBJECT = "Starting an object on a scalar field"


def field_of(kind: Descriptor, name: str) -> FieldDescriptor | None:
    """A field by its name in JSON or in the protocol buffer; UNIMPLEMENTED for one newer than the library."""
    field = kind.fields_by_camelcase_name.get(name) or kind.fields_by_name.get(name)
    field = field or kind.fields_by_name.get(f"{name}_")  # the library appends _ to what Python has already
    if field is None and name in NEWER.get(kind.full_name, ()):
        raise not_emulated(f"The field {kind.name}.{name}")
    return None if field is None or field.name in HIDDEN.get(kind.full_name, ()) else field


def type_of(field: FieldDescriptor) -> str:
    """A field's type in Google's words: `TYPE_INT32`, `type.googleapis.com/google.container.v1.NodePool`."""
    named = field.message_type or field.enum_type
    return f"type.googleapis.com/{named.full_name}" if named else f"TYPE_{_kind(field)}"


def scalar(field: FieldDescriptor, value: Any) -> Any:
    """A value of a field that is no message; WrongValueError for another type."""
    if field.enum_type is not None:
        return _enum(field.enum_type, value)
    kind = _kind(field)
    if kind == "STRING":
        return _kept(value, isinstance(value, str) and _is_unicode(value))
    if kind == "BYTES":
        return _kept(value, isinstance(value, str) and _is_base64(value))
    if kind == "BOOL":
        return _kept(value in ("true", True), isinstance(value, bool) or value in ("true", "false"))
    if kind in {"DOUBLE", "FLOAT"}:
        return _real(value)
    number = _whole(value)
    least, most = (0, 2 ** _UNSIGNED[kind]) if kind in _UNSIGNED else (-(2 ** _BITS[kind]), 2 ** _BITS[kind])
    return _kept(number, least <= number < most)


def _kind(field: FieldDescriptor) -> str:
    """`INT32`: as descriptor.proto calls it."""
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto

    return str(FieldDescriptorProto.Type.DESCRIPTOR.values_by_number[field.type].name).removeprefix("TYPE_")


def _enum(kind: EnumDescriptor, value: Any) -> Any:
    """A name or a number; a number that no name has stays as it is."""
    if isinstance(value, str) and value in NEWER_VALUES.get(kind.full_name, ()):
        raise not_emulated(f"The value {value} of {kind.full_name}")
    if isinstance(value, str) and value not in kind.values_by_name:
        number = _whole(value)
        return _kept(number, number in kind.values_by_number)
    return value if isinstance(value, str) else _kept(_whole(value), -(2**31) <= _whole(value) < 2**31)


def _whole(value: Any) -> int:
    """Of 3, 3.0 and "3"."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    whole = isinstance(value, float) and value.is_integer()
    return int(_kept(value, whole or (isinstance(value, int) and not isinstance(value, bool))))


def _real(value: Any) -> Any:
    try:
        return _kept(value, not isinstance(value, bool) and float(value) is not None)
    except (TypeError, ValueError) as error:
        raise WrongValueError from error


def _well_known(kind: Descriptor, value: Any) -> Any:
    """A timestamp, a duration, a wrapped value: protobuf's own parser knows how they are written.

    WrongValueError for any other message: those are objects.
    """
    from google.protobuf.json_format import ParseDict, ParseError
    from google.protobuf.message_factory import GetMessageClass

    _kept(value, kind.full_name.startswith(_WELL_KNOWN))
    try:
        ParseDict(value, GetMessageClass(kind)())
    except (ParseError, AttributeError, TypeError) as error:
        raise WrongValueError from error
    return value


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False
    return True


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text)


def _kept(value: Any, good: bool) -> Any:
    if not good:
        raise WrongValueError
    return value


def _joined(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
