"""Whether anything that is not an app's is left in a namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clouddeploy.kube.client import Kube
from clouddeploy.manifests.labels import owned

# Every namespace has these two; the others say something about objects that count themselves.
_GIVEN = {("configmaps", "kube-root-ca.crt"), ("serviceaccounts", "default")}
_DERIVED = {"events", "endpoints", "endpointslices"}
_NO_STORAGE = "metrics.k8s.io"


def foreign_objects(kube: Kube, namespace: str, app: str) -> Iterator[str]:
    """What in the namespace clouddeploy did not make for the app: "secrets/db-password", ….

    Looks at every kind that the API serves there, so it raises when one cannot be listed:
    what cannot be seen must not be deleted.
    """
    for base, plural in _kinds(kube):
        for each in kube.metadata(f"{base}/namespaces/{namespace}/{plural}").get("items") or []:
            metadata = each["metadata"]
            if (plural, metadata["name"]) not in _GIVEN and not owned(metadata, app):
                yield f"{plural}/{metadata['name']}"


def _kinds(kube: Kube) -> Iterator[tuple[str, str]]:
    """Every listable, namespaced kind as the path of its group version and its plural."""
    for base in ("/api/v1", *_groups(kube)):
        for resource in kube.metadata(base).get("resources") or []:
            if _listed(resource):
                yield base, str(resource["name"])


def _groups(kube: Kube) -> Iterator[str]:
    for group in kube.metadata("/apis").get("groups", []):
        if group["name"] != _NO_STORAGE:
            yield f"/apis/{group['preferredVersion']['groupVersion']}"


def _listed(resource: Mapping[str, object]) -> bool:
    name, verbs = str(resource["name"]), resource.get("verbs")
    listable = isinstance(verbs, list) and "list" in verbs
    return bool(resource.get("namespaced")) and listable and "/" not in name and name not in _DERIVED
