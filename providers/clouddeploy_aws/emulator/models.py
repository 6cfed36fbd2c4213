"""A JSON service driven by botocore's own description of it.

Requests are checked against the description and answers are written by it, so that what the
emulator accepts and says is what the official model allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore import xform_name
from botocore.loaders import create_loader
from botocore.model import OperationModel, ServiceModel, Shape

from clouddeploy_aws.emulator.answers import Answer, ServiceError, answer_json
from clouddeploy_aws.emulator.constraints import broken
from clouddeploy_aws.emulator.refusals import refusal
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
        """The operation's parameters, none for an unknown operation; ServiceError for what is forbidden."""
        found = self._find(request)
        return self._checked(found[0], request, found[1]) if found else {}

    def answer(self, request: Received, wanted: Mapping[str, Any], caller: Caller) -> Answer:
        """What the handler answers to what `asked` found in a request; ServiceError for what it refuses."""
        found = self._find(request)
        if found is None:
            raise ServiceError("UnknownOperationException", "the operation does not exist", status=404)
        operation = found[0]
        handler = self._handler(xform_name(operation.name))
        if handler is None:
            raise ServiceError("UnknownOperationException", f"{operation.name} is not emulated", status=404)
        try:
            result = handler(wanted, caller)
        except ServiceError as error:
            raise self._with_status(error) from None
        return answer_json(render(operation.output_shape, result) if operation.output_shape else {})

    def _checked(
        self, operation: OperationModel, request: Received, labels: Mapping[str, str]
    ) -> dict[str, Any]:
        wanted = self._read(operation, request, labels)
        problems = [*broken(operation.input_shape, wanted)] if operation.input_shape else []
        if problems:
            raise self._with_status(refusal(self._model.signing_name, problems))
        return _known(operation.input_shape, wanted) if operation.input_shape else {}

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
        except (ValueError, RecursionError):
            raise ServiceError("SerializationException", "the body is no JSON") from None
        if not isinstance(found, dict):
            raise ServiceError("SerializationException", "the body is no JSON object")
        query = parse_qs(request.query, keep_blank_values=True)
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


@cache
def _model(service: str) -> ServiceModel:
    """Reading the description takes longer than anything else here."""
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)


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


def _known(shape: Any, value: Any) -> Any:
    """What a service sees of a request: no nulls, and no members that it does not know."""
    match shape.type_name:
        case "structure":
            members = shape.members
            there = {key: item for key, item in value.items() if key in members and item is not None}
            return {key: _known(members[key], item) for key, item in there.items()}
        case "list":
            return [_known(shape.member, item) for item in value]
    return value


def _pattern(uri: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\+?\}", uri.partition("?")[0].rstrip("/"))
    pieces = [f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)]
    return re.compile("".join(pieces))


def _from_query(shape: Shape, values: list[str]) -> Any:
    """A text that is no number or no truth stays one: it is then of the wrong type."""
    text = values[0]
    match shape.type_name:
        case "list":
            return values
        case "boolean":
            return {"true": True, "false": False}.get(text, text)
        case "integer" | "long":
            return int(text) if re.fullmatch(r"-?\d+", text) else text
    return text
