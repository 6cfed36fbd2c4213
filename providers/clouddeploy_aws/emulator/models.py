"""A JSON service driven by botocore's own description of it.

Requests are checked against the description and answers are written by it, so that what the
emulator accepts and says is what the official model allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore import xform_name
from botocore.loaders import create_loader
from botocore.model import OperationModel, ServiceModel, Shape, StringShape

from clouddeploy_aws.emulator.answers import Answer, ServiceError, answer_json
from clouddeploy_aws.emulator.sigv4 import Received


@dataclass(frozen=True)
class Caller:
    """Who calls, from where."""

    account: str
    region: str
    arn: str
    access_key: str


class JsonService:
    """Routes, checks, calls a handler, answers. Handlers are objects with methods named like boto3's."""

    def __init__(self, service: str, *handlers: object) -> None:
        self._model = _model(service)
        self._handlers = handlers

    def action(self, request: Received) -> str:
        """The operation's name, "" for none."""
        found = self._find(request)
        return found[0].name if found else ""

    def asked(self, request: Received) -> dict[str, Any]:
        """The operation's parameters, unchecked; none for an unknown operation."""
        found = self._find(request)
        return self._read(found[0], request, found[1]) if found else {}

    def answer(self, request: Received, caller: Caller) -> Answer:
        """Raises ServiceError for what the service would refuse."""
        found = self._find(request)
        if found is None:
            raise ServiceError("UnknownOperationException", "the operation does not exist", status=404)
        operation, labels = found
        handler = self._handler(xform_name(operation.name))
        if handler is None:
            raise ServiceError("UnknownOperationException", f"{operation.name} is not emulated", status=404)
        wanted = self._read(operation, request, labels)
        problems = _problems(operation, wanted)
        if problems:
            raise ServiceError("InvalidParameterException", "; ".join(problems))
        try:
            result = handler(wanted, caller)
        except ServiceError as error:
            raise self._with_status(error) from None
        return answer_json(render(operation.output_shape, result) if operation.output_shape else {})

    def _handler(self, name: str) -> Any:
        return next((getattr(one, name) for one in self._handlers if hasattr(one, name)), None)

    @cached_property
    def _routes(self) -> list[tuple[str, re.Pattern[str], OperationModel]]:
        operations = [self._model.operation_model(name) for name in self._model.operation_names]
        return [(one.http["method"], _pattern(one.http["requestUri"]), one) for one in operations]

    def _find(self, request: Received) -> tuple[OperationModel, dict[str, str]] | None:
        if self._model.protocol == "json":
            name = request.headers.get("x-amz-target", "").rpartition(".")[2]
            return (self._model.operation_model(name), {}) if name in self._model.operation_names else None
        for method, pattern, operation in self._routes:
            match = pattern.fullmatch(request.path.rstrip("/"))
            if match and method == request.method:
                return operation, {key: unquote(value) for key, value in match.groupdict().items()}
        return None

    def _read(
        self, operation: OperationModel, request: Received, labels: Mapping[str, str]
    ) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(request.body or b"{}")
        except ValueError:
            raise ServiceError("SerializationException", "the body is no JSON") from None
        if not isinstance(found, dict):
            raise ServiceError("SerializationException", "the body is no JSON object")
        query = parse_qs(request.query)
        members = operation.input_shape.members if operation.input_shape else {}
        for name, shape in members.items():
            key = shape.serialization.get("name", name)
            if shape.serialization.get("location") == "uri":
                found[name] = labels[key]
            elif shape.serialization.get("location") == "querystring" and key in query:
                found[name] = _from_query(shape, query[key])
        return found

    def _with_status(self, error: ServiceError) -> ServiceError:
        shape = next((one for one in self._model.error_shapes if one.name == error.code), None)
        if shape is not None:
            error.status = shape.metadata.get("error", {}).get("httpStatusCode", error.status)
        return error


def _problems(operation: OperationModel, wanted: Mapping[str, Any]) -> list[str]:
    try:
        return list(check(operation.input_shape, wanted, "")) if operation.input_shape else []
    except (AttributeError, TypeError):
        return ["a value of the request is of the wrong type"]


@cache
def _model(service: str) -> ServiceModel:
    """Reading the description takes longer than anything else here."""
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)


def check(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """What is wrong with a value, in words: required members, lengths, ranges, patterns, enums."""
    match shape.type_name:
        case "structure":
            yield from _check_structure(shape, value, path)
        case "list" | "map":
            yield from _check_size(shape, len(value), path)
            items = value.values() if shape.type_name == "map" else value
            inner = shape.value if shape.type_name == "map" else shape.member  # type: ignore[attr-defined]
            for item in items:
                yield from check(inner, item, path)
        case "string":
            yield from _check_string(shape, value, path)
        case "integer" | "long":
            yield from _check_size(shape, value, path)


def render(shape: Shape, value: Any) -> Any:
    """A handler's answer as JSON; raises KeyError for a member that the model does not know."""
    match shape.type_name:
        case "structure":
            members = shape.members  # type: ignore[attr-defined]
            return {
                members[name].serialization.get("name", name): render(members[name], item)
                for name, item in value.items()
                if item is not None
            }
        case "list":
            return [render(shape.member, item) for item in value]  # type: ignore[attr-defined]
        case "timestamp":
            return value.timestamp() if isinstance(value, datetime) else value
    return value


def _check_structure(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path or 'the request'} is no structure"
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"missing required parameter: {path}{name}"
    for name, item in value.items():
        if name in shape.members and item is not None:
            yield from check(shape.members[name], item, f"{path}{name}.")


def _check_string(shape: Shape, value: Any, path: str) -> Iterator[str]:
    name = path.rstrip(".")
    if not isinstance(value, str):
        yield f"{name} is no string"
        return
    yield from _check_size(shape, len(value), path)
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield (
            f"Invalid parameter at '{name}' failed to satisfy constraint: "
            f"'must satisfy regular expression '{pattern}''"
        )
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"Invalid parameter at '{name}': '{value}' is none of {', '.join(shape.enum)}"


def _check_size(shape: Shape, size: int, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    name = path.rstrip(".")
    if least is not None and size < least:
        yield f"Invalid parameter at '{name}': {size} is less than {least}"
    if most is not None and size > most:
        yield f"Invalid parameter at '{name}': {size} is more than {most}"


def _pattern(uri: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\+?\}", uri.partition("?")[0].rstrip("/"))
    pieces = [f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)]
    return re.compile("".join(pieces))


def _from_query(shape: Shape, values: list[str]) -> Any:
    match shape.type_name:
        case "list":
            return values
        case "boolean":
            return values[0] == "true"
        case "integer" | "long":
            return int(values[0])
    return values[0]
