"""Query parameters: those of Google's APIs in general, and for each method the fields of its request.

https://cloud.google.com/apis/docs/system-parameters, and google/api/http.proto for what becomes of the
fields that neither the path nor the body has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from clouddeploy_gcp.emulator.answers import ApiError, Request, invalid, not_emulated
from clouddeploy_gcp.emulator.messages import named
from clouddeploy_gcp.emulator.payload import Violation, WrongValueError, field_of, scalar, type_of

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

_SYSTEM: Mapping[str, Sequence[str]] = {
    "$.xgafv": ("1", "2"),
    "access_token": (),
    "alt": ("json", "json;enum-encoding=int", "media", "proto"),
    "callback": (),
    "fields": (),
    "key": (),
    "oauth_token": (),
    "prettyPrint": ("true", "false"),
    "quotaUser": (),
    "uploadType": (),
    "upload_protocol": (),
}
"""Those that every method has, and their values where not all are good."""

_OF_COMPUTE = "userIp"
_IGNORED = {"alt": ("media", "proto")}
_NOT_EMULATED = {"callback", "fields", "filter", "order_by"}
"""What would change the answer: the emulator does not pretend to."""

_IN_THE_PATH = {"name", "parent", "resource"}
_NO_FIELD = "Cannot bind query parameter. Field '{0}' could not be found in request message."


def checked(request: Request, kind: str, body: str) -> Request:
    """The request with the names of its parameters in one spelling: `pageSize`, and `alt` for `$alt`.

    INVALID_ARGUMENT for a parameter that the method has not or that is of the wrong type; `kind` is the
    request's message, `body` the field of it that comes as the body, `*` for all. UNIMPLEMENTED for what
    the emulator would have to pass over.
    """
    wrong: list[Violation] = []
    query: dict[str, list[str]] = {}
    for name, values in request.query.items():
        plain = name if name in _SYSTEM else name.removeprefix("$")
        if plain in _SYSTEM or (name == _OF_COMPUTE and kind.startswith("compute.")):
            _check_system(plain, name, values)
            query.setdefault(plain, []).extend(values)
            continue
        fields = () if body == "*" else _fields(named(kind).DESCRIPTOR, name, body)
        if not fields:
            text = f'Invalid JSON payload received. Unknown name "{name}": {_NO_FIELD.format(name)}'
            wrong.append(Violation("", text))
            continue
        wrong += _wrong(fields[-1], values)
        query.setdefault(".".join(one.camelcase_name for one in fields), []).extend(values)
    if wrong:
        raise ApiError("INVALID_ARGUMENT", "\n".join(one.text for one in wrong), violations=wrong)
    return replace(request, query=query)


def _check_system(plain: str, name: str, values: Sequence[str]) -> None:
    """The text of the refusal is UNVERIFIED."""
    good = _SYSTEM.get(plain, ())
    for value in values:
        if good and value not in good:
            raise invalid(f'Invalid value for the query parameter "{name}": "{value}".')
        if value and (plain in _NOT_EMULATED or value in _IGNORED.get(plain, ())):
            raise not_emulated(f"The query parameter {name}={value}")


def _fields(kind: Descriptor, name: str, body: str) -> Sequence[FieldDescriptor]:
    """The way to the field of a parameter such as `options.requestedPolicyVersion`; empty for none."""
    first, _, rest = name.partition(".")
    field = field_of(kind, first)
    if field is None or field.name in {*_IN_THE_PATH, body} or bool(rest) != bool(field.message_type):
        return ()
    deeper = _fields(field.message_type, rest, body) if rest and field.message_type else ()
    return (field, *deeper) if bool(rest) == bool(deeper) else ()


def _wrong(field: FieldDescriptor, values: Sequence[str]) -> list[Violation]:
    found = []
    for value in values:
        try:
            scalar(field, value)
        except WrongValueError:
            text = f"Invalid value at '{field.name}' ({type_of(field)}), {json.dumps(value)}"
            found.append(Violation(field.name, text))
        if value and field.name in _NOT_EMULATED:
            raise not_emulated(f"The query parameter {field.camelcase_name}")
    return found
