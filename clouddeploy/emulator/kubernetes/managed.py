"""Who owns which field: `metadata.managedFields`, server-side apply and its conflicts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clouddeploy.emulator.kubernetes import status
from clouddeploy.emulator.kubernetes.fields import (
    Path,
    Paths,
    compare,
    from_json,
    paths_of,
    prefixes,
    readable,
    to_json,
)
from clouddeploy.emulator.kubernetes.merge import merge, without
from clouddeploy.emulator.kubernetes.schema import Type

Json = dict[str, Any]

_UNTRACKED = (
    *(("f:metadata", f"f:{name}") for name in ("name", "namespace", "creationTimestamp", "selfLink", "uid")),
    *(("f:metadata", f"f:{name}") for name in ("generation", "managedFields", "resourceVersion")),
    *(("f:metadata", f"f:{name}") for name in ("deletionTimestamp", "deletionGracePeriodSeconds")),
    ("f:apiVersion",),
    ("f:kind",),
)


@dataclass(frozen=True)
class Manager:
    """One entry of managedFields."""

    name: str
    operation: str
    api_version: str
    time: str
    subresource: str = ""
    paths: Paths = frozenset()

    def same(self, other: Manager) -> bool:
        """Whether both entries belong to one manager."""
        mine = (self.name, self.operation, self.subresource)
        return mine == (other.name, other.operation, other.subresource)

    def __str__(self) -> str:
        text = json.dumps(self.name)
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return text if self.operation == "Apply" else f"{text} using {self.api_version}"


def managers_of(obj: Mapping[str, Any]) -> list[Manager]:
    """The managers that an object records."""
    return [_read(entry) for entry in obj["metadata"].get("managedFields", [])]


def _read(entry: Mapping[str, Any]) -> Manager:
    return Manager(
        entry["manager"],
        entry["operation"],
        entry["apiVersion"],
        entry.get("time", ""),
        entry.get("subresource", ""),
        from_json(entry.get("fieldsV1", {})),
    )


def with_managers(obj: Json, managers: Iterable[Manager]) -> Json:
    """The object with these managers recorded, those that own nothing left out."""
    ordered = sorted(managers, key=lambda m: (m.operation, m.time, m.name, m.subresource))
    metadata = {k: v for k, v in obj["metadata"].items() if k != "managedFields"}
    entries = [_write(manager) for manager in ordered if manager.paths]
    return {**obj, "metadata": {**metadata, "managedFields": entries} if entries else metadata}


def _write(manager: Manager) -> Json:
    entry: Json = {"manager": manager.name, "operation": manager.operation, "apiVersion": manager.api_version}
    entry |= {"time": manager.time, "fieldsType": "FieldsV1", "fieldsV1": to_json(manager.paths)}
    return entry | ({"subresource": manager.subresource} if manager.subresource else {})


def tracked(paths: Iterable[Path], *, ignored: Sequence[Path] = ()) -> Paths:
    """`paths` less what the API server itself keeps, and less what lies below `ignored`."""
    skip = (*_UNTRACKED, *ignored)
    return frozenset(
        p for p in paths if len(p) and not any(p[: len(s)] == s for s in skip) and p != ("f:metadata",)
    )


def record_update(
    old: Json, new: Json, type_: Type, manager: Manager, ignored: Sequence[Path]
) -> list[Manager]:
    """The managers after `manager` replaced `old` by `new`: it owns what it changed."""
    changes = compare(_bare(old), _bare(new), type_)
    mine = tracked(changes.changed, ignored=ignored)
    gone = changes.removed
    managers = managers_of(old)
    if not mine and not gone:
        return managers
    others = [replace(m, paths=m.paths - mine - gone) for m in managers if not m.same(manager)]
    before = next((m.paths for m in managers if m.same(manager)), frozenset())
    return [*others, replace(manager, paths=(before | mine) - gone)]


def apply(
    live: Json | None, config: Json, type_: Type, manager: Manager, *, force: bool
) -> tuple[Json, list[Manager]]:
    """Server-side apply: the merged object (not yet defaulted) and its managers.

    Raises ApiError 409 when somebody else owns a field that would change, unless `force`.
    """
    wanted = tracked(paths_of(_bare(config), type_), ignored=_other_half(manager))
    if live is None:
        return config, [replace(manager, paths=wanted)]
    managers = managers_of(live)
    others = [m for m in managers if not m.same(manager)]
    mine = next((m for m in managers if m.same(manager)), manager)
    before = _bare(live)
    merged = merge(before, _bare(config), type_)
    changed = tracked(compare(before, merged, type_).changed)
    if force:
        others = [replace(m, paths=m.paths - (changed & wanted)) for m in others]
    else:
        _refuse_conflicts(changed, others)
    theirs = prefixes(path for m in others for path in m.paths)
    pruned = without(merged, prefixes(mine.paths) - prefixes(wanted) - theirs, type_)
    time = manager.time if wanted != mine.paths else mine.time
    return pruned, [*others, replace(manager, time=time, paths=wanted)]


def _other_half(manager: Manager) -> Sequence[Path]:
    return () if manager.subresource else (("f:status",),)


def _bare(obj: Mapping[str, Any]) -> Json:
    metadata = {k: v for k, v in obj.get("metadata", {}).items() if k != "managedFields"}
    return {**obj, "metadata": metadata}


def _refuse_conflicts(changed: Paths, others: Sequence[Manager]) -> None:
    found = [(m, sorted(changed & m.paths)) for m in sorted(others, key=str) if changed & m.paths]
    if not found:
        return
    causes = [
        status.Cause("FieldManagerConflict", readable(path), f"conflict with {manager}")
        for manager, paths in found
        for path in paths
    ]
    raise status.apply_conflict(causes, _conflict_message(found, len(causes)))


def _conflict_message(found: Sequence[tuple[Manager, Sequence[Path]]], count: int) -> str:
    if count == 1:
        manager, paths = found[0]
        return f"Apply failed with 1 conflict: conflict with {manager}: {readable(paths[0])}"
    parts = [f"conflicts with {m}:\n" + "\n".join(f"- {readable(p)}" for p in paths) for m, paths in found]
    return f"Apply failed with {count} conflicts: " + "\n".join(parts)
