"""Sets of field paths, as `managedFields` records them.

A path is a tuple of elements in the fieldsV1 notation: `f:<name>` a field or a map's key,
`k:<JSON>` an item of an associative list, `v:<JSON>` a member of a set.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clouddeploy.emulator.kubernetes.schema import Type

Path = tuple[str, ...]
Paths = frozenset[Path]

_KEY_DEFAULTS = {"protocol": "TCP"}
# Structs that the API server's zero value of an object has: that they appear is no change.
_ALWAYS_THERE = frozenset(
    ("metadata", "spec", "status", "template", "jobTemplate", "strategy", "updateStrategy", "containers")
)


@dataclass(frozen=True)
class Changes:
    """The paths in which two objects differ."""

    changed: Paths
    removed: Paths


def key_of(item: Any, type_: Type) -> str:
    """The path element of an associative list's item."""
    if not isinstance(item, Mapping):
        return f"v:{json.dumps(item)}"
    keys = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(type_.keys)}
    return "k:" + json.dumps({k: v for k, v in keys.items() if v is not None}, separators=(",", ":"))


def children(value: Any, type_: Type) -> Iterator[tuple[str, Any, Type]]:
    """The parts of a value that have owners of their own: path element, value, type."""
    if type_.atomic:
        return
    if type_.shape in ("struct", "map") and isinstance(value, Mapping):
        yield from ((f"f:{name}", part, type_.child(name)) for name, part in value.items())
    elif type_.shape == "assoc" and isinstance(value, list):
        yield from ((key_of(item, type_), item, type_.child("")) for item in value)
    elif type_.shape == "set" and isinstance(value, list):
        yield from ((f"v:{json.dumps(item)}", item, type_.child("")) for item in value)


def paths_of(value: Any, type_: Type, *, containers: bool = False) -> Iterator[Path]:
    """The paths that applying `value` owns; `containers` adds every map and list that holds some."""
    parts = list(children(value, type_))
    if not parts or containers:
        yield ()
    for element, part, kind in parts:
        if element.startswith("k:"):
            yield (element,)
        silent = containers and element[2:] in _ALWAYS_THERE and isinstance(part, (dict, list))
        below = paths_of(part, kind, containers=containers)
        yield from ((element, *path) for path in below if path or not silent)


def compare(old: Any, new: Any, type_: Type) -> Changes:
    """What is different in `new`."""
    changed: set[Path] = set()
    removed: set[Path] = set()
    _compare(old, new, type_, (), changed, removed)
    return Changes(frozenset(changed), frozenset(removed))


def _compare(old: Any, new: Any, type_: Type, at: Path, changed: set[Path], removed: set[Path]) -> None:
    before = {element: part for element, part, _ in children(old, type_)}
    after = {element: (part, kind) for element, part, kind in children(new, type_)}
    if not before and not after:
        if old != new:
            changed.add(at)
        return
    for element, (part, kind) in after.items():
        path = (*at, element)
        if element in before:
            _compare(before[element], part, kind, path, changed, removed)
        elif element[2:] in _ALWAYS_THERE and isinstance(part, (dict, list)):
            _compare(type(part)(), part, kind, path, changed, removed)
        else:
            changed |= {(*path, *tail) for tail in paths_of(part, kind, containers=True)}
    for element in before.keys() - after.keys():
        kind = next(kind for name, _, kind in children(old, type_) if name == element)
        removed |= {(*at, element, *tail) for tail in paths_of(before[element], kind, containers=True)}


def to_json(paths: Iterable[Path]) -> dict[str, Any]:
    """The fieldsV1 object of a set of paths."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _tidy(tree)


def _tidy(tree: dict[str, Any]) -> dict[str, Any]:
    if tree.keys() == {"."}:
        return {}
    return {element: _tidy(tree[element]) if element != "." else {} for element in sorted(tree)}


def from_json(tree: Mapping[str, Any]) -> Paths:
    """The set of paths of a fieldsV1 object."""
    return frozenset(_walk(tree, ()))


def _walk(tree: Mapping[str, Any], at: Path) -> Iterator[Path]:
    if at and (not tree or "." in tree):
        yield at
    for element, below in tree.items():
        if element != ".":
            yield from _walk(below, (*at, element))


def prefixes(paths: Iterable[Path]) -> Paths:
    """All paths above the given ones, themselves included."""
    return frozenset(path[:n] for path in paths for n in range(1, len(path) + 1))


def readable(path: Path) -> str:
    """A path as the API's messages write it: `.spec.containers[name="web"].image`."""
    return "".join(_readable(element) for element in path)


def _readable(element: str) -> str:
    kind, text = element[0], element[2:]
    if kind == "f":
        return f".{text}"
    if kind == "v":
        return f"[={text}]"
    pairs = json.loads(text).items()
    return "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in pairs) + "]"
