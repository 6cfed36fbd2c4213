"""What GKE refuses, in its own words where they are public."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from clouddeploy_gcp.emulator import catalog, versions
from clouddeploy_gcp.emulator.answers import ApiError

_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
_KEY, _VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
_CONSOLE = "https://console.cloud.google.com/iam-admin/quotas?usage=USED&project="
_AUTOPILOT_REFUSED = ("node_pools", "locations")


def invalid(text: str) -> ApiError:
    """INVALID_ARGUMENT."""
    return ApiError("INVALID_ARGUMENT", text)


def check_cluster(cluster: Any, location: str, accounts: Collection[str]) -> None:
    """Name, labels, place, version, network, nodes; `accounts` are the project's service accounts."""
    region = catalog.region_of(location) or location
    if not _NAME.fullmatch(cluster.name):
        raise invalid(
            f'Invalid value for field "cluster.name": "{cluster.name}". Must be a match of regex '
            "'(?:[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?)'."
        )
    check_labels(cluster.resource_labels)
    versions.initial(cluster)
    if cluster.network not in {"", "default"}:
        raise invalid(f'Project does not have a network named "{cluster.network}".')
    if cluster.subnetwork not in {"", "default"}:
        raise invalid(f'Subnetwork "{cluster.subnetwork}" is not valid for network "default".')
    defaults = cluster.autoscaling.autoprovisioning_node_pool_defaults
    for one in (defaults, cluster.node_config, *(pool.config for pool in cluster.node_pools)):
        if one.service_account not in {"", "default", *accounts}:
            raise invalid(f'Service account "{one.service_account}" does not exist.')
    if cluster.autopilot.enabled:
        _check_autopilot(cluster, location)
    else:
        _check_nodes(cluster, region)


def check_labels(labels: Mapping[str, str]) -> None:
    """Keys and values of resource labels."""
    for key, value in labels.items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise invalid(f'Invalid resource label "{key}={value}".')


def _check_autopilot(cluster: Any, location: str) -> None:
    if location not in catalog.REGIONS:
        raise invalid("Autopilot clusters must be regional clusters.")
    refused = [name for name in _AUTOPILOT_REFUSED if getattr(cluster, name)]
    if refused == ["node_pools"] and _is_gclouds_placeholder(cluster.node_pools):
        refused = []
    if cluster.initial_node_count or refused:
        raise invalid("Setting node pools is not allowed on Autopilot clusters.")


def _is_gclouds_placeholder(pools: Any) -> bool:
    """`gcloud container clusters create-auto` sends one default pool of one node, which GKE ignores."""
    return len(pools) == 1 and pools[0].name == "default-pool" and not pools[0].config.machine_type


def _check_nodes(cluster: Any, region: str) -> None:
    if cluster.initial_node_count and cluster.node_pools:
        raise invalid('Only one of "initial_node_count" and "node_pools" can be specified.')
    if not cluster.node_pools and cluster.initial_node_count < 1:
        raise invalid("Cluster.initial_node_count must be greater than zero.")
    for zone in {*cluster.locations, *(zone for pool in cluster.node_pools for zone in pool.locations)}:
        if zone not in catalog.zones_of(region):
            raise invalid(f'Location "{zone}" is not a zone in region "{region}".')
    for pool in cluster.node_pools:
        _check_pool(pool, (pool.locations or cluster.locations or [region])[0])


def _check_pool(pool: Any, zone: str) -> None:
    if not _NAME.fullmatch(pool.name):
        raise invalid(f'Invalid value for field "node_pool.name": "{pool.name}".')
    if pool.initial_node_count < 0 or pool.initial_node_count > 1000:
        raise invalid("NodePool.initial_node_count must be between 0 and 1000.")
    machine = pool.config.machine_type or "e2-medium"
    if machine not in catalog.MACHINES:
        raise invalid(f'Machine type with name "{machine}" does not exist in zone "{zone}".')
    if pool.config.disk_size_gb and pool.config.disk_size_gb < 10:
        raise invalid("Node disk size must be at least 10 GB.")
    check_labels(pool.config.resource_labels)


def pool_needs(pool: Any, nodes: int) -> dict[str, float]:
    """What `nodes` nodes of a pool take of the region's quotas."""
    machine = pool.config.machine_type or "e2-medium"
    disk = pool.config.disk_type or "pd-balanced"
    cpus = catalog.MACHINES[machine][0] * nodes
    return {
        catalog.cpu_quota(machine): cpus,
        "CPUS_ALL_REGIONS": cpus,
        "INSTANCES": nodes,
        "IN_USE_ADDRESSES": nodes,
        catalog.disk_quota(disk): (pool.config.disk_size_gb or 100) * nodes,
    }


def total(needs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The sum for each quota."""
    found: dict[str, float] = {}
    for one in needs:
        for metric, amount in one.items():
            found[metric] = found.get(metric, 0.0) + amount
    return found


def check_quota(
    take: Mapping[str, float], used: Mapping[str, float], limits: Mapping[str, float], project: str
) -> None:
    """PERMISSION_DENIED, GKE's odd way to say that a quota is too small."""
    short = []
    for metric, wanted in take.items():
        left = limits[metric] - used.get(metric, 0.0)
        if wanted > left:
            short.append(
                f"resource \"{metric}\": request requires '{wanted:.1f}' and is short '{wanted - left:.1f}'. "
                f"project has a quota of '{limits[metric]:.1f}' with '{left:.1f}' available. "
                f"View and manage quotas at {_CONSOLE}{project}."
            )
    if short:
        listed = "\n\t".join(f"({number}) {text}" for number, text in enumerate(short, 1))
        text = short[0] if len(short) == 1 else listed
        raise ApiError("PERMISSION_DENIED", f"Insufficient regional quota to satisfy request: {text}")


def busy(operation: str) -> ApiError:
    """One operation at a time for each cluster."""
    text = f"Cluster is running incompatible operation {operation}."
    return ApiError("FAILED_PRECONDITION", text)
