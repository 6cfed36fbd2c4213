"""What ACK refuses in a request.

Sources: ACK API reference (CreateCluster) and "Limits" of the ACK documentation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from clouddeploy_alibaba.emulator.answers import MOST_TAGS, ServiceError, check_tags
from clouddeploy_alibaba.emulator.world import World

VERSIONS = ("1.35.2-aliyun.1", "1.34.3-aliyun.1", "1.33.7-aliyun.1", "1.32.11-aliyun.1")
"""Offered for new clusters, newest first."""

ADDONS = {
    "alb-ingress-controller",
    "arms-prometheus",
    "csi-plugin",
    "csi-provisioner",
    "flannel",
    "logtail-ds",
    "loongcollector",
    "managed-aliyun-acr-credential-helper",
    "nginx-ingress-controller",
    "terway-eniip",
}
ADDON_VERSION = "v25.09.1-aliyun"
_NAME = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff-]{0,62}")
_SPECS = {"ack.standard", "ack.pro.small", "ack.pro.xlarge", "ack.pro.2xlarge"}
"""Without ack.pro.4xlarge, for which an account has to ask."""
_CHOICES = {"profile": {"Default", "Edge", "Serverless", "Lingjun"}, "charge_type": {"PostPaid", "PrePaid"}}
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_PASSWORD_KINDS = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
_ROLE_ERRORS = {
    "ErrManagedKuberneteRoleNotAttach": {"AliyunCSManagedKubernetesRole"},
    "ErrManagedAddonRoleNotAttach": {"AliyunCSManagedCsiPluginRole", "AliyunCSManagedCsiProvisionerRole"},
}
_AUTHORIZE = "https://ram.console.aliyun.com/role/authorize"
PULLING_ADDON, PULLING_ROLE = "managed-aliyun-acr-credential-helper", "AliyunCSManagedAcrRole"
_BASIC_CLUSTERS = 2


def invalid(text: str) -> ServiceError:
    """A parameter that ACK will not take. Where its documentation gives none, the code is UNVERIFIED."""
    return ServiceError("ErrorCheckParams", text)


def number(group: Mapping[str, Any], name: str, default: int) -> int:
    """A whole number in the request."""
    found = group.get(name)
    if found is None:
        return default
    if type(found) is not int:
        raise invalid(f"{name} is no number")
    return found


def check_choices(group: Mapping[str, Any], choices: Mapping[str, Collection[str]]) -> None:
    """Members that have one of a few values, where they have any."""
    for name, known in choices.items():
        if group.get(name) and group[name] not in known:
            raise invalid(f"{name} must be one of {', '.join(sorted(known))}")


def check_login(group: Mapping[str, Any]) -> None:
    """Who logs in to nodes: by a key pair, by a password, or nobody for now."""
    password = group.get("login_password")
    if password and group.get("key_pair"):
        raise invalid("key_pair and login_password exclude each other")
    if password and not 8 <= len(password) <= 30:
        raise invalid("login_password must have 8 to 30 characters")
    if password and sum(bool(re.search(kind, password)) for kind in _PASSWORD_KINDS) < 3:
        raise invalid("login_password is too simple")


def not_authorized(code: str) -> ServiceError:
    """A service role is missing."""
    text = f"please complete the cluster addon's service ramrole authorization at {_AUTHORIZE}"
    return ServiceError(code, text)


def check_roles(missing: Collection[str]) -> None:
    """Refuse a cluster while nobody has authorized the roles that ACK acts by.

    Codes and words: "Authorization FAQ" of the ACK documentation, and terraform-provider-alicloud#149 for the
    default role. That the credential helper's role is wanted only when it is installed is UNVERIFIED.
    """
    if "AliyunCSDefaultRole" in missing:
        text = "The role not exists: acs:ram::role/aliyuncsdefaultrole."
        raise ServiceError("EntityNotExist.Role", text)
    for code, roles in _ROLE_ERRORS.items():
        if roles.intersection(missing):
            raise not_authorized(code)


def check_cluster(world: World, request: Mapping[str, Any], basic_clusters: int) -> None:
    """Everything about a new cluster but its version and its network."""
    if not _NAME.fullmatch(str(request.get("name", ""))):
        raise invalid(f"cluster name {request.get('name')!r} is invalid")
    if request.get("region_id") != world.region:
        raise ServiceError("InvalidRegionId", f"region {request.get('region_id')} is not supported")
    if request.get("cluster_type") != "ManagedKubernetes":
        raise ServiceError("InvalidClusterType", "cluster_type is not supported")
    if request.get("cluster_spec", "ack.standard") not in _SPECS:
        raise ServiceError(
            "InvalidClusterSpec", f"cluster_spec {request.get('cluster_spec')} is not supported"
        )
    if request.get("cluster_spec", "ack.standard") == "ack.standard" and basic_clusters >= _BASIC_CLUSTERS:
        raise ServiceError("QuotaExceeded.BasicCluster", "the quota of ACK basic clusters is exceeded")
    check_choices(request, _CHOICES)
    check_login(request)
    if request.get("cluster_domain") and not _DOMAIN.fullmatch(request["cluster_domain"]):
        raise invalid("cluster_domain is invalid")
    if request.get("security_group_id") and request.get("is_enterprise_security_group"):
        raise invalid("security_group_id and is_enterprise_security_group exclude each other")
    _check_addons(request.get("addons") or ())
    check_list_of_tags(request.get("tags") or ())


def check_version(request: Mapping[str, Any], creatable: Iterable[str]) -> str:
    """The version of a new cluster, the newest when none is asked for."""
    offered = list(creatable)
    version = str(request.get("kubernetes_version") or offered[0])
    if version not in offered:
        raise ServiceError("InvalidKubernetesVersion", f"kubernetes version {version} is not supported")
    return version


def _check_addons(addons: Iterable[Mapping[str, Any]]) -> None:
    for addon in addons:
        if addon.get("name") not in ADDONS:
            raise ServiceError("AddonNotFound", f"addon {addon.get('name')} is not found", 404)


def check_list_of_tags(tags: Iterable[Mapping[str, str]], longest: int = 64) -> None:
    """At most twenty, with keys of no more than `longest` characters."""
    found = {str(tag.get("key", "")): str(tag.get("value", "")) for tag in tags}
    check_tags(found)
    if len(found) > MOST_TAGS or any(len(key) > longest for key in found):
        raise ServiceError("InvalidTag", "tags are invalid")
