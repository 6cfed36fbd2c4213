"""The garbage collector: what lost its owner goes, what waits for its dependents is let go."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.world import World, ending
from clouddeploy.emulator.kubernetes.resources import RESOURCES, Resource

Json = dict[str, Any]

_BY_KIND: Mapping[tuple[str, str], Resource] = {(r.api_version, r.kind): r for r in RESOURCES}
_PERIOD = 1.0  # seconds between looks at what is not watched
_FOREGROUND = "foregroundDeletion"
_ORPHAN = "orphan"


class Collector:
    """Looks at the watched resources in every pass, at all others now and then and when an owner has gone."""

    def __init__(self, world: World, watched: Sequence[str]) -> None:
        self._world = world
        self._watched = frozenset(watched)
        self._alive: set[str] = set()
        self._next = 0.0

    def reconcile(self) -> None:
        live = {obj["metadata"]["uid"] for plural in self._watched for obj in self._world.all(plural)}
        thorough = bool(self._alive - live) or self._any_held() or time.monotonic() > self._next
        self._alive = live
        if thorough:
            self._next = time.monotonic() + _PERIOD
        found = list(self._objects(thorough))
        dependents = [(r, obj) for r, obj in found if obj["metadata"].get("ownerReferences")]
        for resource, obj in dependents:
            self._judge(resource, obj, live)
        for resource, obj in found:
            self._release(resource, obj, dependents)

    def _any_held(self) -> bool:
        return any(_holds(obj) for plural in self._watched for obj in self._world.all(plural))

    def _objects(self, thorough: bool) -> Iterator[tuple[Resource, Json]]:
        for resource in RESOURCES:
            if resource.id in self._watched:
                items = self._world.all(resource.id)
            elif thorough and resource.kind != "Event":
                head = {"kind": resource.kind, "apiVersion": resource.api_version}
                items = [{**head, **item} for item in self._world.client.list(resource)["items"]]
            else:
                continue
            yield from ((resource, obj) for obj in items)

    def _judge(self, resource: Resource, obj: Json, live: set[str]) -> None:
        """Delete an object all of whose owners are gone."""
        owners = obj["metadata"]["ownerReferences"]
        if ending(obj) or any(self._exists(obj, owner, live) for owner in owners):
            return
        self._world.remove(resource, obj, propagationPolicy="Background")

    def _exists(self, obj: Json, owner: Json, live: set[str]) -> bool:
        resource = _BY_KIND.get((owner["apiVersion"], owner["kind"]))
        if resource is None or owner["uid"] in live:
            return True
        namespace = obj["metadata"].get("namespace", "") if resource.namespaced else ""
        try:
            found = self._world.client.get(resource, namespace, owner["name"])
        except RefusedError as error:
            return error.code != 404
        return bool(found["metadata"]["uid"] == owner["uid"])

    def _release(self, resource: Resource, obj: Json, dependents: Sequence[tuple[Resource, Json]]) -> None:
        """Play the finalizers `foregroundDeletion` and `orphan`."""
        held = _holds(obj)
        if not held:
            return
        uid = obj["metadata"]["uid"]
        mine = [(r, d) for r, d in dependents if uid in _owners(d)]
        if held == _ORPHAN:
            for kind, dependent in mine:
                self._disown(kind, dependent, uid)
        elif blocking := [(r, d) for r, d in mine if _blocks(d, uid)]:
            for kind, dependent in blocking:
                if not ending(dependent):
                    self._world.remove(kind, dependent, propagationPolicy="Foreground")
            self._world.again(0.1)
            return
        left = [name for name in obj["metadata"]["finalizers"] if name != held]
        self._world.patch(resource.id, obj, {"metadata": {"finalizers": left or None}})

    def _disown(self, resource: Resource, obj: Json, uid: str) -> None:
        left = [owner for owner in obj["metadata"]["ownerReferences"] if owner["uid"] != uid]
        if resource.id in self._watched:
            self._world.patch(resource.id, obj, {"metadata": {"ownerReferences": left or None}})
        else:
            self._world.client.patch(resource, obj, {"metadata": {"ownerReferences": left or None}})


def _holds(obj: Json) -> str:
    """The collector's finalizer on an object that is being deleted."""
    if not ending(obj):
        return ""
    finalizers = obj["metadata"].get("finalizers") or []
    return next((name for name in (_FOREGROUND, _ORPHAN) if name in finalizers), "")


def _owners(obj: Json) -> set[str]:
    return {owner["uid"] for owner in obj["metadata"]["ownerReferences"]}


def _blocks(obj: Json, uid: str) -> bool:
    owners = obj["metadata"]["ownerReferences"]
    return any(owner["uid"] == uid and owner.get("blockOwnerDeletion") for owner in owners)
