"""Collects what is wrong with an object, and the formats that names must have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from clouddeploy.emulator.kubernetes.status import Cause

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_ENDS = "and must start and end with an alphanumeric character"
_USED = "regex used for validation is"

_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    f"{_ENDS} (e.g. 'my-name',  or '123-abc', {_USED} '{_LABEL}')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    f"{_ENDS} (e.g. 'example.com', {_USED} '{_SUBDOMAIN}')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    f"{_ENDS} (e.g. 'MyValue',  or 'my_value',  or '12345', {_USED} '{_VALUE}')"
)
_NAME_RULE = (
    f"name part must consist of alphanumeric characters, '-', '_' or '.', {_ENDS} "
    f"(e.g. 'MyName',  or 'my.name',  or '123-abc', {_USED} '{_NAME}')"
)
PORT_RANGE = "must be between 1 and 65535, inclusive"


class Problems:
    """The causes of one Invalid status, in the order in which they were found."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []

    def required(self, field: str, why: str = "") -> None:
        self._add("FieldValueRequired", field, "Required value" + (f": {why}" if why else ""))

    def invalid(self, field: str, value: Any, why: str) -> None:
        self._add("FieldValueInvalid", field, f"Invalid value: {shown(value)}: {why}")

    def duplicate(self, field: str, value: Any) -> None:
        self._add("FieldValueDuplicate", field, f"Duplicate value: {shown(value)}")

    def missing(self, field: str, value: Any) -> None:
        self._add("FieldValueNotFound", field, f"Not found: {shown(value)}")

    def forbidden(self, field: str, why: str) -> None:
        self._add("FieldValueForbidden", field, f"Forbidden: {why}")

    def supported(self, field: str, value: Any, allowed: Iterable[str]) -> None:
        """Nothing when `value` is allowed."""
        options = sorted(allowed)
        if value not in options:
            names = ", ".join(f'"{option}"' for option in options)
            text = f"Unsupported value: {shown(value)}: supported values: {names}"
            self._add("FieldValueNotSupported", field, text)

    def _add(self, reason: str, field: str, message: str) -> None:
        self.causes.append(Cause(reason, field, message))

    def label(self, field: str, value: str) -> None:
        """A DNS label of at most 63 characters."""
        self._length(field, value, 63)
        self._format(field, value, _LABEL, _LABEL_RULE)

    def subdomain(self, field: str, value: str) -> None:
        """A DNS subdomain of at most 253 characters."""
        self._length(field, value, 253)
        self._format(field, value, _SUBDOMAIN, _SUBDOMAIN_RULE)

    def qualified(self, field: str, value: str) -> None:
        """A label's or annotation's key: `name` or `example.com/name`."""
        prefix, slash, name = value.rpartition("/")
        if slash:
            self._format(field, prefix, _SUBDOMAIN, f"prefix part {_SUBDOMAIN_RULE}", whole=value)
        if len(name) > 63:
            self.invalid(field, value, "name part must be no more than 63 bytes")
        self._format(field, name, _NAME, _NAME_RULE, whole=value)

    def label_value(self, field: str, value: str) -> None:
        self._length(field, value, 63)
        self._format(field, value, _VALUE, _VALUE_RULE)

    def port(self, field: str, value: Any) -> None:
        if not isinstance(value, int) or not 0 < value < 65536:
            self.invalid(field, value, PORT_RANGE)

    def port_name(self, field: str, value: str) -> None:
        if len(value) > 15:
            self.invalid(field, value, "must be no more than 15 characters")
        if not re.fullmatch(r"[-a-z0-9]+", value):
            self.invalid(
                field, value, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
            )
        elif not re.search("[a-z]", value):
            self.invalid(field, value, "must contain at least one letter (a-z)")

    def port_or_name(self, field: str, value: Any) -> None:
        (self.port_name if isinstance(value, str) else self.port)(field, value)

    def not_negative(self, field: str, value: int | None) -> None:
        if value is not None and value < 0:
            self.invalid(field, value, "must be greater than or equal to 0")

    def _format(self, field: str, value: str, pattern: str, rule: str, *, whole: str | None = None) -> None:
        if not re.fullmatch(pattern, value):
            self.invalid(field, value if whole is None else whole, rule)

    def _length(self, field: str, value: str, most: int) -> None:
        if len(value) > most:
            self.invalid(field, value, f"must be no more than {most} bytes")


def shown(value: Any) -> str:
    """A value as the API's messages quote it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
