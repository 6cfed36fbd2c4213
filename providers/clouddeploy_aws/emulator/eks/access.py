"""The EKS operations on access entries, and whom they let into a cluster.

Sources: EKS user guide, "Create access entries"; the texts of the refusals:
terraform-aws-modules/terraform-aws-eks#2915 and #2969, aws-ia/terraform-aws-eks-blueprints#1920.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.eks.records import AccessEntry, ClusterRecord
from clouddeploy_aws.emulator.models import Caller
from clouddeploy_aws.emulator.moto_account import MotoAccount
from clouddeploy_aws.emulator.principals import is_principal, permanent, session_name

CLUSTER_ADMIN = "cluster-access-policy/AmazonEKSClusterAdminPolicy"
_ADMINS = "system:masters"
_SESSION = "{{SessionName}}"
_KINDS = {"STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"}
_POLICY = re.compile(r"arn:[\w-]+:eks::aws:cluster-access-policy/\w+")
_WHOLE = "cluster"
"""The scope of a policy that is not for some namespaces alone."""

_RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")
"""How a user name must not begin."""


class Access:
    """Access entries of the clusters that `record` finds by name."""

    def __init__(self, record: Callable[[str], ClusterRecord], account: MotoAccount) -> None:
        self._record = record
        self._account = account

    def create_access_entry(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._with_entries(request["clusterName"])
        principal = request["principalArn"]
        if not is_principal(self._account.iam, self._account.account, principal):
            raise _invalid("The specified principalArn is invalid: invalid principal.")
        _check_names(request)
        if principal in record.access:
            raise ServiceError(
                "ResourceInUseException", "The specified access entry resource is already in use"
            )
        entry = entry_for(principal)
        entry.username = request.get("username") or entry.username
        entry.kind = request.get("type") or entry.kind
        entry.groups.extend(request.get("kubernetesGroups", []))
        record.access[principal] = entry
        return {"accessEntry": _entry(record, entry)}

    def describe_access_entry(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._with_entries(request["clusterName"])
        return {"accessEntry": _entry(record, _found(record, request["principalArn"]))}

    def delete_access_entry(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._with_entries(request["clusterName"])
        del record.access[_found(record, request["principalArn"]).principal]
        return {}

    def list_access_entries(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        return {"accessEntries": sorted(self._with_entries(request["clusterName"]).access)}

    def associate_access_policy(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._with_entries(request["clusterName"])
        entry = _found(record, request["principalArn"])
        _check_association(request)
        if request["accessScope"].get("type") == _WHOLE:
            entry.policies.append(request["policyArn"])
        associated = {"policyArn": request["policyArn"], "accessScope": request["accessScope"]}
        return {
            "clusterName": record.name,
            "principalArn": entry.principal,
            "associatedAccessPolicy": associated,
        }

    def groups(self, cluster: str, principal: str) -> tuple[str, tuple[str, ...]] | None:
        """User name and groups of a principal in a cluster's Kubernetes API; None for a stranger.

        Every session of a role is the role. Where there are no entries the creator alone gets in.
        """
        try:
            record = self._record(cluster)
        except ServiceError:
            return None
        lasting = permanent(self._account.iam, principal)
        if record.mode == "CONFIG_MAP":
            return ("kubernetes-admin", (_ADMINS,)) if lasting == record.creator else None
        entry = record.access.get(lasting)
        if entry is None:
            return None
        admin = any(policy.endswith(CLUSTER_ADMIN) for policy in entry.policies)
        username = entry.username.replace(_SESSION, session_name(principal))
        return username, (*entry.groups, *((_ADMINS,) if admin else ()))

    def _with_entries(self, name: str) -> ClusterRecord:
        record = self._record(name)
        if record.mode == "CONFIG_MAP":
            text = (
                "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to "
                "perform this operation."
            )
            raise ServiceError("InvalidRequestException", text)
        return record


def entry_for(principal: str) -> AccessEntry:
    """An entry with the user name that EKS gives: a role's sessions have each its own."""
    head, _, name = principal.partition(":role/")
    if not name:
        return AccessEntry(principal, principal)
    assumed = f"{head.replace(':iam:', ':sts:')}:assumed-role/{name.rpartition('/')[2]}/{_SESSION}"
    return AccessEntry(principal, assumed)


def _check_names(request: Mapping[str, Any]) -> None:
    kind, username = request.get("type") or "STANDARD", request.get("username") or ""
    groups = request.get("kubernetesGroups") or []
    if kind not in _KINDS:  # UNVERIFIED: the text
        raise _invalid(f"The specified access entry type {kind} is invalid")
    if kind != "STANDARD" and ":role/" not in request["principalArn"]:
        raise _invalid("The specified principalArn is invalid: invalid principal.")
    if kind != "STANDARD" and (groups or username):  # UNVERIFIED: the text
        raise _invalid(f"kubernetesGroups and username cannot be set for an access entry of type {kind}")
    for prefix in _RESERVED:
        if username.startswith(prefix):
            raise _invalid(f"The username must not begin with {prefix}")
    for group in groups:
        if group.startswith("system:"):
            raise _invalid(f"The kubernetes group name {group} is invalid, it cannot start with system:")


def _check_association(request: Mapping[str, Any]) -> None:
    """EKS API reference, AccessScope and AssociateAccessPolicy. UNVERIFIED: the texts."""
    if not _POLICY.fullmatch(request["policyArn"]):
        raise _invalid(f"The policyArn {request['policyArn']} is not that of an access policy")
    scope = request["accessScope"]
    if (scope.get("type") == "namespace") != bool(scope.get("namespaces")):
        raise _invalid("The accessScope has namespaces if its type is namespace, and only then")


def _found(record: ClusterRecord, principal: str) -> AccessEntry:
    if principal not in record.access:
        raise ServiceError("ResourceNotFoundException", "The specified access entry could not be found")
    return record.access[principal]


def _invalid(text: str) -> ServiceError:
    return ServiceError("InvalidParameterException", text)


def _entry(record: ClusterRecord, entry: AccessEntry) -> dict[str, Any]:
    return {
        "clusterName": record.name,
        "principalArn": entry.principal,
        "kubernetesGroups": entry.groups,
        "username": entry.username,
        "createdAt": entry.created,
        "modifiedAt": entry.created,
        "type": entry.kind,
    }
