"""What GKE refuses of a Standard cluster's nodes.

Texts that say no source are UNVERIFIED; that GKE refuses it is in the discovery document, or in gcloud's
help, or at the place that is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from clouddeploy_gcp.emulator import catalog
from clouddeploy_gcp.emulator.answers import invalid
from clouddeploy_gcp.emulator.labels import check_labels
from clouddeploy_gcp.emulator.versions import CHANNELS

_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
MOST = 1000
"""Nodes in a pool, in each zone."""

_SMALLEST_DISK = 12  # GB; 15 from 1.36.3 on, which the catalog has not: NodeConfig.diskSizeGb
_GKE_METADATA = 2
_UPGRADED_AT_ONCE = 20
_TAG = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_METADATA = re.compile(r"[a-zA-Z0-9_-]{1,127}")
_RESERVED = {
    *("cluster-location", "cluster-name", "cluster-uid", "configure-sh", "containerd-configure-sh"),
    *("enable-os-login", "gci-ensure-gke-docker", "gci-metrics-enabled", "gci-update-strategy"),
    *("instance-template", "kube-env", "startup-script", "user-data", "disable-address-manager"),
    *("windows-startup-script-ps1", "common-psm1", "k8s-node-setup-psm1", "install-ssh-psm1"),
    "user-profile-psm1",
}
"""Keys of metadata that GKE sets itself: the discovery document, at `NodeConfig.metadata`."""


def check_nodes(cluster: Any, location: str, project: str) -> None:
    """INVALID_ARGUMENT for nodes that cannot be."""
    region = catalog.region_of(location) or location
    if cluster.initial_node_count and cluster.node_pools:
        raise invalid('Only one of "initial_node_count" and "node_pools" can be specified.')
    if cluster.HasField("node_config") and cluster.node_pools:
        raise invalid('Only one of "node_config" and "node_pools" can be specified.')
    if not cluster.node_pools and cluster.initial_node_count < 1:
        raise invalid("Cluster.initial_node_count must be greater than zero.")
    _check_places(cluster, location, region)
    pool = cluster.workload_identity_config.workload_pool
    if pool not in {"", f"{project}.svc.id.goog"}:
        raise invalid(f'Workload pool "{pool}" is not supported, use "{project}.svc.id.goog".')
    names = [one.name for one in cluster.node_pools]
    if len(set(names)) < len(names):
        raise invalid("Node pool names must be unique.")
    _check_config(cluster.node_config, location, identities=bool(pool))
    for one in cluster.node_pools:
        check_pool(one, cluster, region)


def check_pool(pool: Any, cluster: Any, region: str) -> None:
    """INVALID_ARGUMENT for a pool that a cluster cannot have."""
    _check_zones(pool.locations, region)
    _check_itself(pool, int(cluster.release_channel.channel))
    zone = (pool.locations or cluster.locations or [region])[0]
    _check_config(pool.config, zone, identities=bool(cluster.workload_identity_config.workload_pool))


def _check_zones(zones: Iterable[str], region: str) -> None:
    for zone in zones:
        if zone not in catalog.zones_of(region):
            raise invalid(f'Location "{zone}" is not a zone in region "{region}".')


def _check_places(cluster: Any, location: str, region: str) -> None:
    _check_zones(cluster.locations, region)
    if location != region and cluster.locations and location not in cluster.locations:
        raise invalid(f'Cluster.locations must contain the cluster\'s zone "{location}".')


def _check_itself(pool: Any, channel: int) -> None:
    if not _NAME.fullmatch(pool.name):
        raise invalid(f'Invalid value for field "node_pool.name": "{pool.name}".')
    if pool.initial_node_count < 0 or pool.initial_node_count > MOST:
        raise invalid(f"NodePool.initial_node_count must be between 0 and {MOST}.")
    if channel and pool.HasField("management") and not pool.management.auto_upgrade:
        # terraform-google-modules/terraform-google-kubernetes-engine#682
        raise invalid(f"Auto_upgrade cannot be false when release_channel {CHANNELS[channel]} is set.")
    _check_autoscaling(pool.autoscaling)
    _check_upgrades(pool.upgrade_settings)


def _check_autoscaling(wanted: Any) -> None:
    if not wanted.enabled:
        return
    least, most = wanted.min_node_count, wanted.max_node_count
    total_least, total_most = wanted.total_min_node_count, wanted.total_max_node_count
    if (least or most) and (total_least or total_most):
        raise invalid("The total_*_node_count fields are mutually exclusive with the *_node_count fields.")
    if least < 0 or total_least < 0 or least > most or total_least > total_most or not (most or total_most):
        raise invalid("Autoscaling needs 0 <= min_node_count <= max_node_count, and a maximum above 0.")


def _check_upgrades(wanted: Any) -> None:
    """That 20 is the most is in the Terraform provider's documentation of `upgrade_settings`."""
    surge, unavailable = wanted.max_surge, wanted.max_unavailable
    if min(surge, unavailable) < 0 or surge + unavailable > _UPGRADED_AT_ONCE:
        raise invalid(f"max_surge and max_unavailable must be between 0 and {_UPGRADED_AT_ONCE} together.")


def _check_config(config: Any, zone: str, *, identities: bool) -> None:
    """One configuration of nodes; `identities` is whether the cluster has a workload pool."""
    machine, disk = config.machine_type or "e2-medium", config.disk_type
    if machine not in catalog.MACHINES:
        raise invalid(f'Machine type with name "{machine}" does not exist in zone "{zone}".')
    if config.disk_size_gb and config.disk_size_gb < _SMALLEST_DISK:
        raise invalid(f"Node disk size must be at least {_SMALLEST_DISK} GB.")
    if disk and disk not in catalog.DISK_TYPES:
        raise invalid(f'Disk type "{disk}" does not exist in zone "{zone}".')
    if disk and not catalog.takes_disk(machine, disk):  # the pattern is NVIDIA/aicr#2338's
        raise invalid(f"{disk} disk type cannot be used by {machine} machine type.")
    if config.image_type and config.image_type.upper() not in catalog.IMAGE_TYPES:
        raise invalid(f'Image type "{config.image_type}" is not supported.')
    if config.workload_metadata_config.mode == _GKE_METADATA and not identities:
        raise invalid("GKE_METADATA needs Workload Identity, which is not enabled on the cluster.")
    check_labels(config.resource_labels)
    _check_instances(config)


def _check_instances(config: Any) -> None:
    """What Compute Engine is given for each node."""
    for key in config.metadata:
        if not _METADATA.fullmatch(key) or key in _RESERVED:
            raise invalid(f'Instance metadata key "{key}" is not valid or reserved.')
    for tag in config.tags:
        if not _TAG.fullmatch(tag):
            raise invalid(f'Instance tag "{tag}" does not comply with RFC1035.')
