"""What ACK refuses in a request.

Sources: ACK API reference (CreateCluster, CreateClusterNodePool) and "Limits" of the ACK documentation.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from clouddeploy_alibaba.emulator.answers import ServiceError, check_tags
from clouddeploy_alibaba.emulator.world import World
from clouddeploy_alibaba.machines import CPUS, MEMORY, Machine

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
_SPECS = {"ack.standard", "ack.pro.small"}
_DISKS = {"cloud", "cloud_efficiency", "cloud_ssd", "cloud_essd", "cloud_auto", "cloud_essd_entry"}
_ROLE_ERRORS = {
    "ErrManagedKuberneteRoleNotAttach": {"AliyunCSManagedKubernetesRole"},
    "ErrManagedAddonRoleNotAttach": {"AliyunCSManagedCsiPluginRole", "AliyunCSManagedCsiProvisionerRole"},
}
_AUTHORIZE = "https://ram.console.aliyun.com/role/authorize"
PULLING_ADDON, PULLING_ROLE = "managed-aliyun-acr-credential-helper", "AliyunCSManagedAcrRole"
_BASIC_CLUSTERS, _BASIC_NODES = 2, 10


def invalid(text: str) -> ServiceError:
    return ServiceError("ErrorCheckParams", text)


def number(group: Mapping[str, Any], name: str, default: int) -> int:
    """A whole number in the request."""
    found = group.get(name)
    if found is None:
        return default
    if type(found) is not int:
        raise invalid(f"{name} is no number")
    return found


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
    """Everything about a new cluster but its version."""
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
    _check_network(world, request)
    _check_addons(request.get("addons") or ())
    _check_tags(request.get("tags") or ())


def check_version(request: Mapping[str, Any], creatable: Iterable[str]) -> str:
    """The version of a new cluster, the newest when none is asked for."""
    offered = list(creatable)
    version = str(request.get("kubernetes_version") or offered[0])
    if version not in offered:
        raise ServiceError("InvalidKubernetesVersion", f"kubernetes version {version} is not supported")
    return version


def check_pool(world: World, vpc_id: str, request: Mapping[str, Any], *, basic: bool, node_quota: int) -> int:
    """The wished number of nodes of a valid new node pool."""
    group = request.get("scaling_group") or {}
    if not (request.get("nodepool_info") or {}).get("name"):
        raise invalid("nodepool_info.name is required")
    for needed in ("vswitch_ids", "instance_types"):
        if not group.get(needed):
            raise invalid(f"scaling_group.{needed} is required")
    for key in group["vswitch_ids"]:
        if world.get("vswitch", key, "InvalidVSwitchId.NotFound").vpc_id != vpc_id:
            raise invalid(f"vswitch {key} is not in the cluster's vpc")
    _check_machines(world, group)
    if group.get("system_disk_category", "cloud_efficiency") not in _DISKS:
        raise invalid(f"system_disk_category {group.get('system_disk_category')} is invalid")
    if not 20 <= number(group, "system_disk_size", 120) <= 2048:
        raise invalid("system_disk_size is out of range")
    if not 0 <= number(group, "internet_max_bandwidth_out", 0) <= 100:
        raise invalid("internet_max_bandwidth_out is out of range")
    _check_tags(group.get("tags") or ())
    return check_size(group, basic=basic, node_quota=node_quota)


def check_size(group: Mapping[str, Any], *, basic: bool, node_quota: int) -> int:
    """The wished number of nodes."""
    size = number(group, "desired_size", 0)
    if size < 0 or size > node_quota:
        raise ServiceError("QuotaExceeded.Node", f"the quota of {node_quota} nodes is exceeded")
    if basic and size > _BASIC_NODES:
        raise ServiceError("QuotaExceeded.BasicClusterNode", "a basic cluster has at most 10 nodes")
    return size


def _check_machines(world: World, group: Mapping[str, Any]) -> None:
    zones = {world.resources[key].zone for key in group["vswitch_ids"]}
    offered = {name for zone in zones for name in world.stock.get(zone, ())}
    for name in group["instance_types"]:
        machine = Machine.parse(name)
        if name not in offered:
            raise ServiceError("InvalidInstanceType.NotSupported", f"instance type {name} is not available")
        if machine and (machine.cpus < CPUS or machine.memory < MEMORY):
            raise invalid(f"instance type {name} is too small for a node")


def _check_network(world: World, request: Mapping[str, Any]) -> None:
    if bool(request.get("zone_ids")) == bool(request.get("vpcid")):
        raise invalid("exactly one of vpcid and zone_ids is required")
    vpc = world.get("vpc", str(request.get("vpcid")), "InvalidVpcId.NotFound")
    if not request.get("vswitch_ids"):
        raise invalid("vswitch_ids is required")
    for key in request["vswitch_ids"]:
        if world.get("vswitch", key, "InvalidVSwitchId.NotFound").vpc_id != vpc.id:
            raise invalid(f"vswitch {key} is not in vpc {vpc.id}")
    ranges = [ipaddress.ip_network(vpc.cidr)]
    for name in ("container_cidr", "service_cidr"):
        ranges.append(_range(request, name))
    for index, one in enumerate(ranges):
        if any(one.overlaps(other) for other in ranges[index + 1 :]):
            raise invalid("vpc, container_cidr and service_cidr overlap")


def _range(request: Mapping[str, Any], name: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        found = ipaddress.ip_network(str(request.get(name)))
    except ValueError:
        raise invalid(f"{name} is invalid") from None
    if not found.is_private:
        raise invalid(f"{name} is not private")
    return found


def _check_addons(addons: Iterable[Mapping[str, Any]]) -> None:
    for addon in addons:
        if addon.get("name") not in ADDONS:
            raise ServiceError("AddonNotFound", f"addon {addon.get('name')} is not found", 404)


def _check_tags(tags: Iterable[Mapping[str, str]]) -> None:
    found = {str(tag.get("key", "")): str(tag.get("value", "")) for tag in tags}
    check_tags(found)
    if len(found) > 20 or any(len(key) > 64 for key in found):
        raise ServiceError("InvalidTag", "tags are invalid")
