"""The API's types: which fields an object may have, and how its lists and maps merge.

`schema.txt` holds one type a line, condensed from a kube-apiserver's own /openapi/v2:

    Container args:[str] env:[EnvVar|name] image:str resources:ResourceRequirements

`[T]` is a list that is replaced as a whole, `[T|]` a set, `[T|a,b]` a list whose items are told
apart by the fields a and b, `{T}` a map; a trailing `!` means "replaced as a whole".
https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Shape = Literal["scalar", "any", "struct", "map", "list", "set", "assoc"]
_SCALARS = frozenset(("str", "int", "bool", "float", "quantity", "intstr", "time"))
_SPECIAL = {
    "Quantity": "quantity",
    "IntOrString": "intstr",
    "Time": "time",
    "MicroTime": "time",
    "FieldsV1": "any",
}
_PRIMITIVE = {"string": "str", "integer": "int", "boolean": "bool", "number": "float", "object": "any"}


@dataclass(frozen=True)
class Type:
    """One type; `item` is what a map, list, set or associative list holds."""

    shape: Shape
    name: str = ""
    item: Type | None = None
    keys: tuple[str, ...] = ()
    atomic: bool = False

    @property
    def fields(self) -> Mapping[str, Type]:
        """The fields of a struct."""
        return _fields(self.name)

    def child(self, name: str) -> Type:
        """The type of a struct's field or a map's value; ANY when it is not known."""
        if self.shape == "struct":
            return self.fields.get(name, ANY)
        return self.item or ANY


ANY = Type("any")


def type_of(kind: str) -> Type:
    """The type of a kind such as "Deployment"."""
    return Type("struct", kind)


@cache
def _lines() -> Mapping[str, str]:
    text = files("clouddeploy.emulator.kubernetes").joinpath("schema.txt").read_text(encoding="utf-8")
    lines = (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: rest for name, _, rest in lines}


@cache
def _fields(name: str) -> Mapping[str, Type]:
    pairs = (field.partition(":") for field in _lines()[name].split())
    return {key: _parse(text) for key, _, text in pairs}


@cache
def _parse(text: str) -> Type:
    if text.endswith("!"):
        inner = _parse(text[:-1])
        return Type(inner.shape, inner.name, inner.item, inner.keys, atomic=True)
    if text.startswith("{"):
        return Type("map", item=_parse(text[1:-1]))
    if text.startswith("["):
        return _parse_list(text[1:-1])
    if text == "any":
        return ANY
    return Type("scalar" if text in _SCALARS else "struct", text)


def _parse_list(text: str) -> Type:
    item, bar, keys = text.partition("|")
    if keys:
        return Type("assoc", item=_parse(item), keys=tuple(keys.split(",")))
    return Type("set" if bar else "list", item=_parse(item), atomic=not bar)


def condense(definitions: Mapping[str, Any], roots: Iterable[str]) -> list[str]:
    """`schema.txt` again: the lines for `roots` and all they refer to, from an /openapi/v2 document."""
    seen: dict[str, str] = {}
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name in seen or _short(name) in _SPECIAL:
            continue
        properties = definitions[name].get("properties", {})
        todo += [reference for value in properties.values() for reference in _references(value)]
        fields = (f"{key}:{_token(value, definitions)}" for key, value in sorted(properties.items()))
        seen[name] = " ".join((_short(name), *fields))
    return sorted(seen.values())


def _short(name: str) -> str:
    *_, group, _version, kind = name.split(".")
    return "DiscoveryEndpointPort" if (group, kind) == ("discovery", "EndpointPort") else kind


def _references(value: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in value:
        yield value["$ref"].rpartition("/")[2]
    for key in ("items", "additionalProperties"):
        if key in value:
            yield from _references(value[key])


def _token(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    atomic = "!" if value.get("x-kubernetes-map-type") == "atomic" else ""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        whole = definitions[name].get("x-kubernetes-map-type") == "atomic"
        return _SPECIAL.get(_short(name), _short(name)) + ("!" if whole else atomic)
    if value["type"] == "array":
        return _list_token(value, definitions)
    if "additionalProperties" in value:
        return "{" + _token(value["additionalProperties"], definitions) + "}" + atomic
    return _PRIMITIVE[value["type"]]


def _list_token(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    item = _token(value["items"], definitions)
    kind = value.get("x-kubernetes-list-type", "atomic")
    keys = value.get("x-kubernetes-list-map-keys", [])
    return f"[{item}]" if kind == "atomic" else f"[{item}|{','.join(keys)}]"
