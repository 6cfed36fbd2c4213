"""Requests of the query protocols, read by botocore's description of them, and what is wrong with them.

Source: Smithy's specifications of awsQuery and ec2Query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.utils import get_service_model

from clouddeploy_aws.emulator.answers import PROTOCOLS, ServiceError, unreadable
from clouddeploy_aws.emulator.constraints import UNKNOWN, Broken, Path, broken
from clouddeploy_aws.emulator.refusals import refusal

_MODELS = {"elasticloadbalancing": "elbv2"}
"""Descriptions with another name than the signature's; moto has read them all for itself."""

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that no answer could repeat."""

_COMMON = {"Action", "Version"}
_WORDS = {"true": True, "false": False}


@dataclass
class _Node:
    """What a form says under one name: a text of its own, and parts `name.part=…`."""

    text: str | None = None
    parts: dict[str, _Node] = field(default_factory=dict)


def check(service: str, form: Mapping[str, str]) -> None:
    """ServiceError, in the service's words, for a request that its description forbids."""
    if any(_NO_XML.search(text) for text in form.values()):
        raise unreadable(service)
    model: Any = get_service_model(_MODELS.get(service, service))
    action = form.get("Action", "")
    if action not in model.operation_names:
        raise ServiceError("InvalidAction", f"The action {action} is not valid for this web service.")
    shape = model.operation_model(action).input_shape
    if shape is None:
        return
    reader = _Reader(ec2=PROTOCOLS[service] == "ec2")
    value = reader.read(shape, _tree(form))
    found = [*reader.found, *broken(shape, value, reader.wire)]
    if found:
        raise refusal(service, found)


def _tree(form: Mapping[str, str]) -> _Node:
    root = _Node()
    for name, text in form.items():
        if name in _COMMON:
            continue
        node = root
        for part in name.split("."):
            node = node.parts.setdefault(part, _Node())
        node.text = text
    return root


class _Reader:
    """Makes values of a form, under the names it has, and keeps in `found` what has no place in the shape.

    EC2 knows every parameter that it is sent, the others read past what they do not know.
    """

    def __init__(self, *, ec2: bool) -> None:
        self._ec2 = ec2
        self.found: list[Broken] = []

    def read(self, shape: Any, node: _Node, path: Path = ()) -> Any:
        match shape.type_name:
            case "structure":
                return self._structure(shape, node, path)
            case "list":
                return self._list(shape, node, path)
        self._unknown(node.parts, path)
        return _scalar(shape.type_name, node.text)

    def wire(self, name: str, shape: Any) -> str:
        """What the form calls a member."""
        said = shape.serialization
        if not self._ec2:
            return str(said.get("name", name))
        found = str(said.get("queryName") or said.get("name", name))
        return found if "queryName" in said else found[0].upper() + found[1:]

    def _structure(self, shape: Any, node: _Node, path: Path) -> Any:
        if node.text is not None:
            return node.text
        members = {self.wire(name, member): member for name, member in shape.members.items()}
        self._unknown({name: part for name, part in node.parts.items() if name not in members}, path)
        return {
            name: self.read(members[name], part, (*path, name))
            for name, part in node.parts.items()
            if name in members
        }

    def _list(self, shape: Any, node: _Node, path: Path) -> Any:
        """Of awsQuery an empty text is an empty list."""
        if node.text is not None:
            return [] if not (node.text or self._ec2) else node.text
        items = node.parts
        if not self._ec2 and not shape.serialization.get("flattened"):
            items = items.get(shape.member.serialization.get("name", "member"), _Node()).parts
        numbered = {name: part for name, part in items.items() if name.isdecimal()}
        self._unknown({name: part for name, part in items.items() if name not in numbered}, path)
        ordered = sorted(numbered.items(), key=lambda one: int(one[0]))
        return [self.read(shape.member, part, (*path, int(name))) for name, part in ordered]

    def _unknown(self, parts: Mapping[str, _Node], path: Path) -> None:
        if self._ec2:
            self.found.extend(Broken((*path, *rest), UNKNOWN) for rest in _leaves(parts))


def _leaves(parts: Mapping[str, _Node]) -> Iterator[Path]:
    for name, node in parts.items():
        if node.text is not None:
            yield (name,)
        yield from ((name, *rest) for rest in _leaves(node.parts))


def _scalar(kind: str, text: str | None) -> Any:
    """A number or a truth where the text is one, else the text: it is then of the wrong type."""
    match kind:
        case "boolean":
            return _WORDS.get((text or "").lower(), text)
        case "integer" | "long":
            return _number(int, text)
        case "float" | "double":
            return _number(float, text)
    return text


def _number(kind: type[int] | type[float], text: str | None) -> Any:
    try:
        return kind(text or "")
    except ValueError:
        return text
