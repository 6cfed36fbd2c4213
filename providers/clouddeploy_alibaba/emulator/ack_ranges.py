"""The network that a new ACK cluster asks for.

Source: ACK API reference, CreateCluster (container_cidr, service_cidr, proxy_mode, pod_vswitch_ids); for the
codes aliyun/terraform-provider-alicloud#8822. The least and the largest node_cidr_mask are UNVERIFIED.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from clouddeploy_alibaba.emulator.ack_rules import invalid
from clouddeploy_alibaba.emulator.answers import ServiceError
from clouddeploy_alibaba.emulator.world import World

Request = Mapping[str, Any]
_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_SERVICES = "172.19.0.0/20"
_SERVICE_MASKS, _NODE_MASKS = (16, 24), (24, 28)
_NFTABLES_FROM = (1, 35)


def check_network(world: World, request: Request, version: str, others: Iterable[Request]) -> None:
    """`others` are the requests that the account's clusters were made with."""
    if bool(request.get("zone_ids")) == bool(request.get("vpcid")):
        raise invalid("exactly one of vpcid and zone_ids is required")
    vpc = world.get("vpc", str(request.get("vpcid")), "InvalidVpcId.NotFound")
    _check_vswitches(world, vpc.id, request, "vswitch_ids")
    _check_plugins(request)
    if terway(request):
        _check_vswitches(world, vpc.id, request, "pod_vswitch_ids")
        _check_pod_vswitches(world, request)
    elif request.get("pod_vswitch_ids"):
        raise ServiceError("InvalidPodVswitchIds", "PodCidr conflict with PodVswitch")
    _check_proxy(str(request.get("proxy_mode") or "ipvs"), version)
    ranges = _ranges(request)
    taken = [ipaddress.IPv4Network(vpc.cidr)]
    for cluster in others:
        if cluster.get("vpcid") == vpc.id:
            taken += _ranges(cluster)
    for one in ranges:
        if any(one.overlaps(other) for other in taken):
            raise invalid(f"{one} overlaps with the vpc, another range or another cluster in the vpc")
        taken.append(one)


def terway(request: Request) -> bool:
    """Whether pods have addresses of the VPC's."""
    return any(str(one.get("name", "")).startswith("terway") for one in request.get("addons") or ())


def _ranges(request: Request) -> list[ipaddress.IPv4Network]:
    services = _range(str(request.get("service_cidr") or _SERVICES), "service")
    if not _SERVICE_MASKS[0] <= services.prefixlen <= _SERVICE_MASKS[1]:
        raise invalid("the mask of service_cidr must be 16 to 24")
    if terway(request):
        return [services]
    if not request.get("container_cidr"):
        raise ServiceError("EmptyCIDR", "pod or service cidr is empty")
    pods, mask = _range(str(request["container_cidr"]), "pod"), _node_mask(request)
    if pods.prefixlen > mask:
        raise invalid("container_cidr has no room for a node")
    return [pods, services]


def _node_mask(request: Request) -> int:
    text = str(request.get("node_cidr_mask") or 26)
    if not text.isdecimal() or not _NODE_MASKS[0] <= int(text) <= _NODE_MASKS[1]:
        raise invalid("node_cidr_mask is invalid")
    return int(text)


def _range(text: str, name: str) -> ipaddress.IPv4Network:
    try:
        found = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        text = f"Invalid {name} CIDR: invalid CIDR address: {text}"
        raise ServiceError("InvalidCIDR", text) from None
    if not any(found.subnet_of(one) for one in _PRIVATE):
        raise invalid(f"the {name} CIDR is not private")
    return found


def _check_vswitches(world: World, vpc_id: str, request: Request, name: str) -> None:
    if not request.get(name):
        raise invalid(f"{name} is required")
    for key in request[name]:
        if world.get("vswitch", key, "InvalidVSwitchId.NotFound").vpc_id != vpc_id:
            raise invalid(f"vswitch {key} is not in vpc {vpc_id}")


def _check_pod_vswitches(world: World, request: Request) -> None:
    """Those of pods are others than those of nodes, and in the same zones."""
    if set(request["pod_vswitch_ids"]) & set(request["vswitch_ids"]):
        raise invalid("pod_vswitch_ids and vswitch_ids overlap")
    pods, nodes = (
        {world.resources[key].zone for key in request[name]} for name in ("pod_vswitch_ids", "vswitch_ids")
    )
    if pods != nodes:
        raise invalid("pod_vswitch_ids and vswitch_ids are in different zones")


def _check_plugins(request: Request) -> None:
    names = {str(one.get("name")) for one in request.get("addons") or () if not one.get("disabled")}
    if "flannel" in names and terway(request):
        raise invalid("flannel and terway exclude each other")


def _check_proxy(mode: str, version: str) -> None:
    young = tuple(map(int, version.split(".")[:2])) >= _NFTABLES_FROM
    if mode not in {"iptables", "ipvs"} and not (mode == "nftables" and young):
        raise invalid(f"proxy_mode {mode} is not supported")
