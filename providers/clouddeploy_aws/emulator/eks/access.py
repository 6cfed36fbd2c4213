"""The EKS operations on access entries, and whom they let into a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.eks.records import AccessEntry, ClusterRecord
from clouddeploy_aws.emulator.models import Caller

CLUSTER_ADMIN = "cluster-access-policy/AmazonEKSClusterAdminPolicy"
_ADMINS = "system:masters"


class Access:
    """Access entries of the clusters that `record` finds by name."""

    def __init__(self, record: Callable[[str], ClusterRecord]) -> None:
        self._record = record

    def create_access_entry(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._record(request["clusterName"])
        principal = request["principalArn"]
        if principal in record.access:
            raise ServiceError(
                "ResourceInUseException", "The specified access entry resource is already in use"
            )
        username = request.get("username") or principal
        entry = AccessEntry(principal, username, list(request.get("kubernetesGroups", [])))
        record.access[principal] = entry
        return {"accessEntry": _entry(record, entry)}

    def list_access_entries(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        return {"accessEntries": sorted(self._record(request["clusterName"]).access)}

    def associate_access_policy(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._record(request["clusterName"])
        entry = record.access.get(request["principalArn"])
        if entry is None:
            raise ServiceError("ResourceNotFoundException", "The specified access entry could not be found")
        entry.policies.append(request["policyArn"])
        associated = {"policyArn": request["policyArn"], "accessScope": request["accessScope"]}
        return {
            "clusterName": record.name,
            "principalArn": entry.principal,
            "associatedAccessPolicy": associated,
        }

    def groups(self, cluster: str, principal: str) -> tuple[str, tuple[str, ...]] | None:
        """User name and groups of a principal in a cluster's Kubernetes API; None for a stranger."""
        try:
            entry = self._record(cluster).access.get(principal)
        except ServiceError:
            return None
        if entry is None:
            return None
        admin = any(policy.endswith(CLUSTER_ADMIN) for policy in entry.policies)
        return entry.username, (*entry.groups, *((_ADMINS,) if admin else ()))


def _entry(record: ClusterRecord, entry: AccessEntry) -> dict[str, Any]:
    return {
        "clusterName": record.name,
        "principalArn": entry.principal,
        "kubernetesGroups": entry.groups,
        "username": entry.username,
        "createdAt": entry.created,
        "modifiedAt": entry.created,
        "type": "STANDARD",
    }
