"""An app's data: its volume claims, which outlive everything else that it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clouddeploy.errors import ConfigError
from clouddeploy.kube.capacity import quantity
from clouddeploy.kube.client import Kube, Object
from clouddeploy.kube.kinds import CLAIM
from clouddeploy.manifests.labels import ownership


def refuse_smaller(pairs: Sequence[tuple[Object, Object | None]]) -> None:
    """Raise ConfigError when a claim among the wanted objects asks for less than it has.

    `pairs` are objects and what the cluster has in their place. No cloud makes a disk smaller:
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
    """
    for wanted, live in pairs:
        if wanted["kind"] != CLAIM.name or live is None:
            continue
        asked, has = _size(wanted), _size(live)
        if quantity(asked) < quantity(has):
            metadata = wanted["metadata"]
            raise ConfigError(
                f"the volume {metadata['name']} in namespace {metadata['namespace']} has {has} and is asked "
                f"for {asked}: a volume can grow and never shrink",
                fix=f"write size: {has} for it, or give a new volume another name and copy what you need",
            )


def data_volumes(kube: Kube, app: str, namespace: str) -> list[str]:
    """The app's claims: "PersistentVolumeClaim/db-data (10Gi)", …; none where there is no such namespace."""
    found = kube.list(CLAIM, namespace, ownership(app))
    return sorted(f"{CLAIM.name}/{each['metadata']['name']} ({_size(each)})" for each in found)


def _size(claim: Object) -> str:
    spec: dict[str, Any] = claim["spec"]
    return str(((spec.get("resources") or {}).get("requests") or {}).get("storage", "0"))
