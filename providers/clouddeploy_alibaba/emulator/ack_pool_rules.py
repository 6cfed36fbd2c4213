"""What ACK refuses in a node pool.

Sources: ACK API reference (CreateClusterNodePool, ModifyClusterNodePool), and "Limits" of its documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clouddeploy_alibaba.emulator.ack_rules import (
    check_choices,
    check_list_of_tags,
    check_login,
    invalid,
    number,
)
from clouddeploy_alibaba.emulator.answers import ServiceError
from clouddeploy_alibaba.emulator.world import World

_DISKS = {"cloud", "cloud_efficiency", "cloud_ssd", "cloud_essd", "cloud_auto", "cloud_essd_entry"}
_CHOICES = {
    "instance_charge_type": {"PostPaid", "PrePaid"},
    "internet_charge_type": {"PayByBandwidth", "PayByTraffic"},
    "multi_az_policy": {"PRIORITY", "COST_OPTIMIZED", "BALANCE"},
    "period_unit": {"Month", "Week"},
    "scaling_policy": {"release", "recycle"},
    "spot_strategy": {"NoSpot", "SpotWithPriceLimit", "SpotAsPriceGo"},
    "system_disk_category": _DISKS,
    "system_disk_performance_level": {"PL0", "PL1", "PL2", "PL3"},
    "image_type": {
        "AliyunLinux",
        "AliyunLinuxSecurity",
        "AliyunLinux3",
        "AliyunLinux3Arm64",
        "AliyunLinux3ContainerOptimized",
        "AliyunLinux3Security",
        "CentOS",
        "ContainerOS",
        "Windows",
        "WindowsCore",
    },
}
_PERIODS = {"Week": (1, 2, 3, 4), "Month": (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 24, 36, 48, 60)}
_LISTS = {"vswitch_ids": 8, "instance_types": 10}
_BASIC_NODES = 10
_MOST_INSTANCES = 2000


@dataclass(frozen=True)
class Room:
    """What a node pool may be: its VPC, how many nodes the other pools have, how many all may have."""

    vpc_id: str
    others: int
    most: int
    basic: bool


def check_pool(world: World, request: Mapping[str, Any], room: Room) -> int:
    """The wished number of nodes of a valid new node pool."""
    group = request.get("scaling_group") or {}
    info = request.get("nodepool_info") or {}
    if not info.get("name"):
        raise invalid("nodepool_info.name is required")
    check_choices(info, {"type": {"ess", "edge", "lingjun"}})
    check_group(world, group, room)
    check_scaling(request.get("auto_scaling") or {})
    return check_size(group, room)


def check_group(world: World, group: Mapping[str, Any], room: Room) -> None:
    """The nodes' kind, also of a pool that is changed."""
    for needed, most in _LISTS.items():
        if not 1 <= len(group.get(needed) or ()) <= most:
            raise invalid(f"scaling_group.{needed} must have 1 to {most} entries")
    for key in group["vswitch_ids"]:
        if world.get("vswitch", key, "InvalidVSwitchId.NotFound").vpc_id != room.vpc_id:
            raise invalid(f"vswitch {key} is not in the cluster's vpc")
    _check_machines(world, group)
    check_choices(group, _CHOICES)
    check_login(group)
    _check_period(group)
    if not 20 <= number(group, "system_disk_size", 120) <= 2048:
        raise invalid("system_disk_size is out of range")
    if not 0 <= number(group, "internet_max_bandwidth_out", 0) <= 100:
        raise invalid("internet_max_bandwidth_out is out of range")
    check_list_of_tags(group.get("tags") or (), longest=128)


def check_scaling(scaling: Mapping[str, Any]) -> None:
    """The bounds of a pool that scales by itself."""
    least, most = number(scaling, "min_instances", 0), number(scaling, "max_instances", 0)
    if scaling.get("enable") and not 0 <= least <= most <= _MOST_INSTANCES:
        raise invalid("min_instances and max_instances are out of range")


def check_size(group: Mapping[str, Any], room: Room) -> int:
    """The wished number of nodes."""
    size = number(group, "desired_size", 0)
    if size < 0 or size + room.others > room.most:
        raise ServiceError("QuotaExceeded.Node", f"the quota of {room.most} nodes is exceeded")
    if room.basic and size + room.others > _BASIC_NODES:
        raise ServiceError("QuotaExceeded.BasicClusterNode", "a basic cluster has at most 10 nodes")
    return size


def _check_period(group: Mapping[str, Any]) -> None:
    """Nodes that are paid for in advance are so for one of a few periods."""
    periods = _PERIODS[str(group.get("period_unit") or "Month")]
    if group.get("instance_charge_type") == "PrePaid" and group.get("period") not in periods:
        raise invalid("period is invalid")


def _check_machines(world: World, group: Mapping[str, Any]) -> None:
    """Nodes of 2 vCPUs and 4 GiB were made on ACK in September 2026, so that no size is refused here."""
    zones = {world.resources[key].zone for key in group["vswitch_ids"]}
    offered = {name for zone in zones for name in world.stock.get(zone, ())}
    for name in group["instance_types"]:
        if name not in offered:
            raise ServiceError("InvalidInstanceType.NotSupported", f"instance type {name} is not available")
