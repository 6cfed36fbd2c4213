"""Requests and answers of services without a description here, against the models of Alibaba's own SDKs."""

from __future__ import annotations

import importlib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clouddeploy_alibaba.emulator.answers import Answer, Received

PACKAGES = {
    "ECS": "alibabacloud_ecs20140526",
    "SLB": "alibabacloud_slb20140515",
    "STS": "alibabacloud_sts20150401",
    "VPC": "alibabacloud_vpc20160428",
}


@dataclass(frozen=True)
class Operation:
    """One operation of one service, as its SDK knows it."""

    service: str
    name: str

    def request_problems(self, request: Received) -> list[str]:
        """A parameter that the request's model has no field for, or a value of another type."""
        model = self._model("Request")
        given = nested(request.parameters())
        if model is None:
            return [f"unknown parameter {name}" for name in given]
        return list(problems(model, given, "", sent=True))

    def answer_problems(self, answer: Answer) -> list[str]:
        """A member that the answer's model has no field for, or a value of another type."""
        model = self._model("ResponseBody")
        return ["no such operation"] if model is None else list(problems(model, answer.body, ""))

    def _model(self, kind: str) -> Any:
        models = importlib.import_module(f"{PACKAGES[self.service]}.models")
        return getattr(models, f"{self.name}{kind}", None)


def nested(parameters: Mapping[str, str]) -> dict[str, Any]:
    """`Tag.1.Key=a` as `{"Tag": [{"Key": "a"}]}`."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        first, _, rest = name.partition(".")
        if not rest:
            found[first] = value
            continue
        found.setdefault(first, {})[rest] = value
    return {name: _items(value) if isinstance(value, dict) else value for name, value in found.items()}


def _items(parts: Mapping[str, str]) -> list[Any]:
    """The items behind one name, in order: `1.Key` and `1.Value`, or `1` alone."""
    numbers = sorted({int(name.partition(".")[0]) for name in parts})
    return [parts.get(str(number)) or _members(parts, f"{number}.") for number in numbers]


def _members(parts: Mapping[str, str], prefix: str) -> dict[str, Any]:
    return nested(
        {name.removeprefix(prefix): each for name, each in parts.items() if name.startswith(prefix)}
    )


def problems(model: Any, value: object, path: str, *, sent: bool = False) -> Iterator[str]:
    """What of a document does not agree; `sent` for a query, where numbers and booleans are text."""
    if not isinstance(value, dict):
        yield f"{path} is no object: {value!r}"
        return
    hints = typing.get_type_hints(model.__init__)
    for name, each in value.items():
        field = _field(model, name)
        if field is None:
            yield f"unknown member {path}.{name}"
        else:
            yield from _type_problems(hints[field], each, f"{path}.{name}", sent=sent)


def _field(model: Any, name: str) -> str | None:
    """The attribute that the model reads a member into; None for a member that it drops."""
    attributes = vars(model())
    probe = _Probe({name: _Anything()})
    model().from_map(probe)
    if name not in probe.asked:
        return None
    plain = name.replace("_", "").lower()
    return next((each for each in attributes if each.replace("_", "").lower() == plain), None)


class _Anything(dict[str, Any]):
    """A value that every model can read: empty, and there."""


class _Probe(dict[str, Any]):
    """A document that remembers what it was asked for."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__(members)
        self.asked: set[str] = set()

    def __bool__(self) -> bool:
        return True

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def _type_problems(hint: Any, value: object, path: str, *, sent: bool) -> Iterator[str]:
    if typing.get_origin(hint) is list:
        if not isinstance(value, list):
            yield f"{path} is no list: {value!r}"
            return
        (item,) = typing.get_args(hint)
        for index, each in enumerate(value):
            yield from _type_problems(item, each, f"{path}[{index}]", sent=sent)
    elif hasattr(hint, "from_map"):
        yield from problems(hint, value, path, sent=sent)
    elif not _fits(hint, value, sent=sent):
        yield f"{path} is no {getattr(hint, '__name__', hint)}: {value!r}"


def _fits(hint: Any, value: object, *, sent: bool) -> bool:
    if hint is Any:
        return True
    if sent and hint is int:
        return isinstance(value, str) and value.lstrip("-").isdecimal()
    if sent and hint is bool:
        return value in {"true", "false", "True", "False"}
    return type(value) is hint
