"""What the API server does on a write: defaults, checks, ownership of fields, generations, finalizers."""

from __future__ import annotations

import copy
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clouddeploy.emulator.kubernetes import managed, status
from clouddeploy.emulator.kubernetes.allocate import Allocator, keep
from clouddeploy.emulator.kubernetes.claims import admit_claim, admit_growth
from clouddeploy.emulator.kubernetes.decode import check_types, refuse_undeclared, refuse_unknown
from clouddeploy.emulator.kubernetes.defaults import fill
from clouddeploy.emulator.kubernetes.managed import Manager
from clouddeploy.emulator.kubernetes.resources import BY_ID, Resource
from clouddeploy.emulator.kubernetes.store import Store
from clouddeploy.emulator.kubernetes.validation import check

Json = dict[str, Any]

_KEPT = ("uid", "name", "namespace", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_NAMESPACES = BY_ID["namespaces"]
_ACCOUNTS = BY_ID["serviceaccounts"]
_STATUS = {"Namespace": {"phase": "Active"}, "Service": {"loadBalancer": {}}, "Pod": {"phase": "Pending"}}


@dataclass(frozen=True)
class Options:
    """What a write's query says."""

    manager: str
    dry_run: bool = False
    force: bool = False
    strict: bool = False
    subresource: str = ""


def now() -> str:
    """The time as the API writes it, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Objects:
    """The writes. Each runs under the store's lock; a dry run ends before the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._allocator = Allocator()

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """Raises ApiError 404."""
        obj = self.store.get(resource, namespace, name)
        if obj is None:
            raise status.not_found(resource, name)
        return obj

    def create(self, resource: Resource, namespace: str, body: Mapping[str, Any], options: Options) -> Json:
        """POST. Raises ApiError 404 (namespace), 409 (name taken), 422 (invalid)."""
        with self.store.lock:
            return self._create(resource, namespace, body, options, None)

    def update(
        self, resource: Resource, namespace: str, name: str, change: Callable[[Json], Json], options: Options
    ) -> Json:
        """PUT and PATCH: replace an object by what `change` makes of it."""
        with self.store.lock:
            old = self.get(resource, namespace, name)
            return self._replace(resource, old, change(copy.deepcopy(old)), options, None)

    def apply(
        self, resource: Resource, namespace: str, name: str, config: Json, options: Options
    ) -> tuple[Json, bool]:
        """Server-side apply; also whether the object was made."""
        refuse_undeclared(resource, name, config)
        check_types(resource, config)
        manager = self._manager(resource, options, "Apply")
        with self.store.lock:
            old = self.store.get(resource, namespace, name)
            merged, managers = managed.apply(old, config, resource.type, manager, force=options.force)
            if old is None:
                return self._create(resource, namespace, merged, options, managers), True
            return self._replace(resource, old, copy.deepcopy(merged), options, managers), False

    def finish(self, resource: Resource, obj: Json) -> bool:
        """Remove an object that is being deleted once nobody holds it back; whether it is gone."""
        metadata = obj["metadata"]
        held = metadata.get("finalizers") or (resource is _NAMESPACES and obj["spec"].get("finalizers"))
        waits = resource.kind == "Pod" and metadata.get("deletionGracePeriodSeconds")
        if not metadata.get("deletionTimestamp") or held or waits:
            return False
        self.store.remove(resource, obj)
        return True

    def _create(
        self,
        resource: Resource,
        namespace: str,
        body: Mapping[str, Any],
        options: Options,
        managers: list[Manager] | None,
    ) -> Json:
        obj = self._fresh(resource, namespace, body, options)
        self._admit(resource, namespace, obj)
        check(resource, None, obj)
        name = obj["metadata"]["name"]
        if self.store.get(resource, namespace, name) is not None:
            raise status.already_exists(resource, name)
        if managers is None:
            blank: Json = {"metadata": {}}
            manager = self._manager(resource, options, "Update")
            managers = managed.record_update(blank, obj, resource.type, manager, _ignored(resource, ""))
        obj = managed.with_managers(obj, managers)
        if resource.kind == "Service":
            self._allocator.give(obj)
        if resource is _NAMESPACES:
            obj["spec"] = {"finalizers": ["kubernetes"]}
        return obj if options.dry_run else self.store.put(resource, obj)

    def _fresh(self, resource: Resource, namespace: str, body: Mapping[str, Any], options: Options) -> Json:
        """The object with what the API server sets on creation."""
        if options.strict:
            refuse_unknown(resource, body)
        check_types(resource, body)
        obj = {"kind": resource.kind, "apiVersion": resource.api_version, **_plain(copy.deepcopy(dict(body)))}
        metadata = {k: v for k, v in (obj.get("metadata") or {}).items() if k not in _KEPT or k == "name"}
        for name in ("resourceVersion", "generation", "managedFields"):
            metadata.pop(name, None)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + random_suffix()
        metadata |= {"namespace": namespace} if namespace else {}
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
        metadata |= {"generation": 1} if resource.generations else {}
        obj["metadata"] = metadata
        if resource.status:
            obj["status"] = copy.deepcopy(_STATUS.get(resource.kind, {}))
        fill(resource.kind, obj)
        return obj

    def _admit(self, resource: Resource, namespace: str, obj: Json) -> None:
        """Namespaces must be there and stay; a pod's service account too. Claims get a class."""
        if not namespace:
            return
        place = self.get(_NAMESPACES, "", namespace)
        name = obj["metadata"].get("name", "")
        if place["metadata"].get("deletionTimestamp"):
            why = f"namespace {namespace} is being terminated"
            cause = status.Cause("NamespaceTerminating", "metadata.namespace", why)
            text = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise status.forbidden(resource, name, text, cause)
        if resource.kind == "PersistentVolumeClaim":
            admit_claim(self.store, obj)
        if resource.kind == "Pod":
            account = obj["spec"]["serviceAccountName"]
            if self.store.get(_ACCOUNTS, namespace, account) is None:
                text = f"error looking up service account {namespace}/{account}"
                raise status.forbidden(resource, name, f'{text}: serviceaccount "{account}" not found')

    def _replace(
        self, resource: Resource, old: Json, new: Json, options: Options, managers: list[Manager] | None
    ) -> Json:
        if options.strict:
            refuse_unknown(resource, new)
        check_types(resource, new)
        new = self._reconciled(resource, old, _plain(new), options)
        check(resource, old, new)
        if resource.kind == "PersistentVolumeClaim":
            admit_growth(self.store, old, new)
        manager = self._manager(resource, options, "Update")
        ignored = _ignored(resource, options.subresource)
        if managers is None:
            managers = managed.record_update(old, new, resource.type, manager, ignored)
        if resource.kind == "Service":
            self._allocator.give(new)
        new = managed.with_managers(new, managers)
        if new == old or options.dry_run:
            return new
        written = self.store.put(resource, new)
        self.finish(resource, written)
        return written

    def _reconciled(self, resource: Resource, old: Json, new: Json, options: Options) -> Json:
        """`new` with what a client may not change, defaulted, its generation counted."""
        before, after = old["metadata"], new.get("metadata") or {}
        if after.get("resourceVersion") not in (None, "", before["resourceVersion"]):
            raise status.modified(resource, before["name"])
        if after.get("uid") not in (None, "", before["uid"]):
            raise status.wrong_uid(resource, before, after["uid"])
        fixed = {k: before[k] for k in (*_KEPT, "generation", "resourceVersion") if k in before}
        new = {**new, "kind": resource.kind, "apiVersion": resource.api_version}
        new["metadata"] = {k: v for k, v in after.items() if k not in _KEPT} | fixed
        if options.subresource == "status":
            return {**old, "metadata": new["metadata"], "status": new.get("status", {})}
        if "status" in old:
            new["status"] = old["status"]
        if resource is _NAMESPACES and options.subresource != "finalize":
            new["spec"] = old["spec"]
        if resource.kind == "Service":
            fill(resource.kind, new)
            keep(old, new)
        fill(resource.kind, new)
        if resource.generations and _wishes(old) != _wishes(new):
            new["metadata"]["generation"] = before["generation"] + 1
        return new

    def _manager(self, resource: Resource, options: Options, operation: str) -> Manager:
        return Manager(options.manager, operation, resource.api_version, now(), options.subresource)


def random_suffix() -> str:
    """Five letters as `generateName` appends them: no vowels, nothing that looks alike."""
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


def _ignored(resource: Resource, subresource: str) -> tuple[tuple[str, ...], ...]:
    """What the fields of a write leave out: the main resource its status, the status all else."""
    if subresource == "status":
        return (("f:spec",),)
    return (("f:status",),) if resource.status else ()


def _wishes(obj: Mapping[str, Any]) -> Json:
    """What counts as a generation: all but status and metadata; of a Deployment, its annotations too."""
    if obj["kind"] == "Deployment":
        notes = obj["metadata"].get("annotations") or {}
        return {"spec": obj["spec"], "annotations": notes}
    return {k: v for k, v in obj.items() if k not in ("metadata", "status", "kind", "apiVersion")}


def _plain(value: Any) -> Any:
    """Without nulls: for the API's types null and absent are the same."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value
