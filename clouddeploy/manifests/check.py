"""What a template must have made: the right kinds, in the right namespace, labelled as ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy.manifests.labels import RELEASE, labels

Object = dict[str, Any]

KINDS = {
    "Namespace": "v1",
    "StorageClass": "storage.k8s.io/v1",
    "ServiceAccount": "v1",
    "ConfigMap": "v1",
    "PersistentVolumeClaim": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "Ingress": "networking.k8s.io/v1",
}
"""Kinds that clouddeploy applies, in the order of applying."""

_CLUSTER_WIDE = ("Namespace", "StorageClass")


def fault(value: object, namespace: str) -> str | None:
    """What is wrong with what a template made, in one sentence; None when nothing is."""
    if not isinstance(value, dict):
        return "this is no Kubernetes object: a mapping with apiVersion, kind and metadata is"
    kind, version = value.get("kind"), value.get("apiVersion")
    if not isinstance(kind, str) or kind not in KINDS:
        return f'kind "{kind}" is not one that clouddeploy deploys and removes: {", ".join(KINDS)}'
    if version != KINDS[kind]:
        return f'apiVersion "{version}" of a {kind} must be {KINDS[kind]}'
    return _metadata_fault(value.get("metadata"), kind, namespace) or _template_fault(value, kind)


def complete(value: Object, app: str, service: str | None, namespace: str, release: str) -> Object:
    """The object with its namespace, its ownership labels and, on a Deployment, the release."""
    kind, ours = value["kind"], labels(app, service or app)
    place = {} if kind in _CLUSTER_WIDE else {"namespace": namespace}
    result = _merged(value, ours, {RELEASE: release} if kind == "Deployment" else {}, place)
    if kind == "Deployment":
        spec = value["spec"]
        result["spec"] = {**spec, "template": _merged(spec["template"], ours, {}, {})}
    return result


def _metadata_fault(metadata: object, kind: str, namespace: str) -> str | None:
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return f"this {kind} has no metadata.name"
    if kind == "Namespace":
        return None if metadata["name"] == namespace else f"the namespace must be {namespace}"
    if metadata.get("namespace", namespace) != namespace:
        return f'namespace "{metadata["namespace"]}" is not the target\'s, {namespace}'
    for key in ("labels", "annotations"):
        if not isinstance(metadata.get(key, {}), dict):
            return f"{key} must be a mapping"
    return None


def _template_fault(value: Mapping[str, Any], kind: str) -> str | None:
    if kind != "Deployment":
        return None
    spec = value.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    if not isinstance(template, dict) or not isinstance(template.get("metadata", {}), dict):
        return "this Deployment has no spec.template"
    return None


def _merged(
    value: Object, ours: Mapping[str, str], annotations: Mapping[str, str], place: Mapping[str, str]
) -> Object:
    metadata = dict(value.get("metadata", {}))
    name = {"name": metadata.pop("name")} if "name" in metadata else {}
    merged = {**name, **place, **metadata, "labels": {**metadata.get("labels", {}), **ours}}
    if annotations:
        merged["annotations"] = {**metadata.get("annotations", {}), **annotations}
    return {**value, "metadata": merged}
