"""Merging an applied configuration into an object, and taking fields out of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clouddeploy.emulator.kubernetes.fields import Paths, children, to_json
from clouddeploy.emulator.kubernetes.schema import Type


def merge(live: Any, applied: Any, type_: Type) -> Any:
    """`live` with everything that `applied` says; lists of either order merge item by item."""
    if type_.atomic or live is None:
        return applied
    if type_.shape in ("struct", "map") and isinstance(live, Mapping) and isinstance(applied, Mapping):
        merged = {key: merge(live.get(key), value, type_.child(key)) for key, value in applied.items()}
        return {**live, **merged}
    if type_.shape in ("assoc", "set") and isinstance(live, list) and isinstance(applied, list):
        return _merge_lists(live, applied, type_)
    return applied


def _merge_lists(live: list[Any], applied: list[Any], type_: Type) -> list[Any]:
    """Items keep the order of `applied`; those of `live` alone keep their place between them."""
    ours = {element: part for element, part, _ in children(applied, type_)}
    theirs = {element: part for element, part, _ in children(live, type_)}
    order = _interleave(list(theirs), list(ours))
    item = type_.child("")
    return [merge(theirs.get(key), ours[key], item) if key in ours else theirs[key] for key in order]


def _interleave(theirs: Sequence[str], ours: Sequence[str]) -> list[str]:
    order: list[str] = []
    waiting = list(ours)
    for key in theirs:
        if key not in ours:
            order.append(key)
        elif key in waiting:
            place = waiting.index(key) + 1
            order += waiting[:place]
            del waiting[:place]
    return order + waiting


def without(value: Any, paths: Paths, type_: Type) -> Any:
    """`value` less what the paths name; a map or list that is left empty goes with its last entry."""
    return _without(value, to_json(paths), type_) if paths else value


def _without(value: Any, tree: Mapping[str, Any], type_: Type) -> Any:
    kept: list[tuple[str, Any]] = []
    for element, part, kind in children(value, type_):
        below = tree.get(element)
        if below is None:
            kept.append((element, part))
        elif below and "." not in below:
            rest = _without(part, below, kind)
            if rest or not part:
                kept.append((element, rest))
    if type_.shape in ("struct", "map"):
        return {element[2:]: part for element, part in kept}
    return [part for _, part in kept]
