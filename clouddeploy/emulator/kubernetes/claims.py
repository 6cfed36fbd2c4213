"""What admission does to a volume claim: the default class, the finalizer, whether it may grow.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/ (DefaultStorageClass,
StorageObjectInUseProtection, PersistentVolumeClaimResize)
"""

from __future__ import annotations

from typing import Any

from clouddeploy.emulator.kubernetes import status
from clouddeploy.emulator.kubernetes.resources import BY_ID
from clouddeploy.emulator.kubernetes.store import Store
from clouddeploy.emulator.kubernetes.validation.quantities import amount

Json = dict[str, Any]

IN_USE = "kubernetes.io/pvc-protection"
"""The finalizer that keeps a claim for as long as a pod uses it."""
DEFAULT = "storageclass.kubernetes.io/is-default-class"

_CLAIMS, _CLASSES = BY_ID["persistentvolumeclaims"], BY_ID["storageclasses.storage.k8s.io"]
_FIXED = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
    "support resize"
)


def admit_claim(store: Store, claim: Json) -> None:
    """Give a fresh claim its finalizer, and the default class where it names none."""
    metadata = claim["metadata"]
    metadata["finalizers"] = list(dict.fromkeys([*(metadata.get("finalizers") or []), IN_USE]))
    if claim["spec"].get("storageClassName") is None:
        names = [each["metadata"]["name"] for each in store.all(_CLASSES) if _is_default(each)]
        if names:
            claim["spec"]["storageClassName"] = names[-1]


def admit_growth(store: Store, old: Json, new: Json) -> None:
    """Raises ApiError 403 for a claim that grows and may not."""
    if asked(new) <= asked(old):
        return
    name = new["metadata"]["name"]
    if (old.get("status") or {}).get("phase") != "Bound":
        raise status.forbidden(_CLAIMS, name, "Only bound persistent volume claims can be expanded")
    found = store.get(_CLASSES, "", new["spec"].get("storageClassName") or "")
    if not (found and found.get("allowVolumeExpansion")):
        raise status.forbidden(_CLAIMS, name, _FIXED)


def asked(claim: Json) -> Any:
    """How many bytes a claim asks for."""
    return amount(claim["spec"]["resources"]["requests"]["storage"])


def _is_default(storage_class: Json) -> bool:
    return (storage_class["metadata"].get("annotations") or {}).get(DEFAULT) == "true"
