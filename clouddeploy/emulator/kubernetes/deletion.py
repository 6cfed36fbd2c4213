"""Deletes: propagation policies, grace periods, preconditions.

Dependents are the garbage collector's, which the player is; so is the content of a namespace.
https://kubernetes.io/docs/concepts/architecture/garbage-collection/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clouddeploy.emulator.kubernetes import status
from clouddeploy.emulator.kubernetes.objects import Objects, now
from clouddeploy.emulator.kubernetes.resources import BY_ID, Resource

Json = dict[str, Any]
_NAMESPACES = BY_ID["namespaces"]
_IMMORTAL = ("default", "kube-public", "kube-system")
_HOLD = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


@dataclass(frozen=True)
class Wish:
    """A delete's options; `grace` in seconds, None for the object's own."""

    policy: str = ""
    grace: int | None = None
    uid: str = ""
    version: str = ""
    dry_run: bool = False


def read_wish(body: Mapping[str, Any], query: Mapping[str, str]) -> Wish:
    """The options of a DELETE from its body and its query."""
    conditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    legacy = {True: "Orphan", False: "Background"}.get(body.get("orphanDependents", ""), "")
    return Wish(
        body.get("propagationPolicy") or query.get("propagationPolicy") or legacy,
        None if grace is None else int(grace),
        conditions.get("uid") or "",
        conditions.get("resourceVersion") or "",
        bool(body.get("dryRun") or query.get("dryRun")),
    )


def delete(objects: Objects, resource: Resource, namespace: str, name: str, wish: Wish) -> Json:
    """Returns a Status when the object is gone, else the object, which carries a deletionTimestamp."""
    with objects.store.lock:
        obj = objects.get(resource, namespace, name)
        _check_conditions(resource, obj, wish)
        if resource is _NAMESPACES and name in _IMMORTAL:
            raise status.forbidden(resource, name, "this namespace may not be deleted")
        if wish.dry_run:
            return _gone(resource, obj)
        marked = _marked(resource, obj, wish)
        if objects.finish(resource, marked):
            return _gone(resource, obj)
        return marked if marked == obj else objects.store.put(resource, marked)


def _check_conditions(resource: Resource, obj: Json, wish: Wish) -> None:
    metadata = obj["metadata"]
    for label, wanted, found in (
        ("UID", wish.uid, metadata["uid"]),
        ("ResourceVersion", wish.version, metadata["resourceVersion"]),
    ):
        if wanted and wanted != found:
            why = (
                f"the {label} in the precondition ({wanted}) does not match the {label} in record ({found})."
            )
            why += " The object might have been deleted and then recreated"
            text = f'Operation cannot be fulfilled on {resource.kind_id} "{metadata["name"]}": {why}'
            raise status.ApiError(409, "Conflict", text, {"name": metadata["name"], "kind": resource.kind})


def _marked(resource: Resource, obj: Json, wish: Wish) -> Json:
    """The object as it waits for its end."""
    metadata = dict(obj["metadata"])
    hold = _HOLD.get(wish.policy or resource.delete_by)
    kept = [name for name in metadata.get("finalizers", []) if name not in _HOLD.values()]
    finalizers = [*kept, hold] if hold else kept
    metadata.pop("finalizers", None)
    if finalizers:
        metadata["finalizers"] = finalizers
    metadata.setdefault("deletionTimestamp", now())
    metadata["deletionGracePeriodSeconds"] = _grace(resource, obj, wish)
    marked = {**obj, "metadata": metadata}
    if resource is _NAMESPACES:
        marked["status"] = {**obj.get("status", {}), "phase": "Terminating"}
        del metadata["deletionGracePeriodSeconds"]
    return marked


def _grace(resource: Resource, obj: Json, wish: Wish) -> int:
    """Only a pod that has a node gets time to end."""
    if resource.kind != "Pod" or not obj["spec"].get("nodeName"):
        return 0
    if obj.get("status", {}).get("phase") in ("Failed", "Succeeded"):
        return 0
    own = obj["spec"].get("terminationGracePeriodSeconds", 30)
    return int(own if wish.grace is None else wish.grace)


def _gone(resource: Resource, obj: Json) -> Json:
    details = {"name": obj["metadata"]["name"], "kind": resource.plural, "uid": obj["metadata"]["uid"]}
    details |= {"group": resource.group} if resource.group else {}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
