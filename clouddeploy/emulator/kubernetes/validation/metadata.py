"""Names, labels and annotations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.resources import Resource
from clouddeploy.emulator.kubernetes.validation.problems import Problems

_LABEL_NAMES = frozenset(("Namespace", "Service"))
_FREE_NAMES = frozenset(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"))


def check_metadata(resource: Resource, metadata: Mapping[str, Any], problems: Problems) -> None:
    """What every kind's metadata must be."""
    name = metadata.get("name")
    if not name:
        problems.required("metadata.name", "name or generateName is required")
    elif resource.kind == "Namespace" and "." in name:
        problems.invalid("metadata.name", name, "must not contain dots")
    elif resource.kind in _LABEL_NAMES:
        problems.label("metadata.name", name)
    elif resource.kind not in _FREE_NAMES:
        problems.subdomain("metadata.name", name)
    check_labels("metadata", metadata, problems)
    for key in metadata.get("annotations") or {}:
        problems.qualified("metadata.annotations", key.lower())


def check_labels(field: str, metadata: Mapping[str, Any], problems: Problems) -> None:
    """Keys and values of labels."""
    for key, value in (metadata.get("labels") or {}).items():
        problems.qualified(f"{field}.labels", key)
        problems.label_value(f"{field}.labels", value)
