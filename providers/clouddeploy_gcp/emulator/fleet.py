"""What happens to one cluster's message: how GKE completes it, marks it, counts its nodes."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from clouddeploy_gcp.emulator import catalog, versions
from clouddeploy_gcp.emulator.answers import ApiError
from clouddeploy_gcp.emulator.records import Record

PROVISIONING, RUNNING, RECONCILING, STOPPING, ERROR = 1, 2, 3, 4, 5
_POOL_STATUS = {PROVISIONING: 1, RUNNING: 2, RECONCILING: 4, STOPPING: 5, ERROR: 6}


def complete(cluster: Any, location: str, project: str, url: str) -> None:
    """What GKE adds to a request."""
    versions.enrol(cluster)
    version = versions.initial(cluster)
    path = f"projects/{project}/locations/{location}/clusters/{cluster.name}"
    region = catalog.region_of(location) or location
    zones = list(cluster.locations) or (catalog.zones_of(region)[:3] if location == region else [location])
    fill(
        cluster,
        self_link=f"{url}/v1/{path}",
        id=uuid.uuid4().hex,
        location=location,
        zone=location,
        current_master_version=version,
        initial_cluster_version=version,
        status=PROVISIONING,
        network=cluster.network or "default",
        cluster_ipv4_cidr="10.4.0.0/14",
    )
    cluster.locations[:] = zones
    if cluster.initial_node_count and not cluster.node_pools:
        pool = cluster.node_pools.add(name="default-pool", initial_node_count=cluster.initial_node_count)
        pool.config.CopyFrom(cluster.node_config)
    for pool in cluster.node_pools:
        complete_pool(pool, cluster, version)


def complete_pool(pool: Any, cluster: Any, version: str) -> None:
    """What GKE adds to a node pool."""
    pool.locations[:] = list(pool.locations) or cluster.locations
    pool.config.machine_type = pool.config.machine_type or "e2-medium"
    pool.config.service_account = pool.config.service_account or "default"
    pool.config.disk_size_gb = pool.config.disk_size_gb or 100
    fill(
        pool,
        version=version,
        status=PROVISIONING,
        self_link=f"{cluster.self_link}/nodePools/{pool.name}",
    )


def make_groups(record: Record, pool: Any, project: str) -> None:
    """An instance group for a pool in each zone."""
    group = group_name(record, pool)
    base = f"https://www.googleapis.com/compute/v1/projects/{project}/zones"
    for zone in pool.locations:
        record.groups[zone, group] = pool.initial_node_count
        pool.instance_group_urls.append(f"{base}/{zone}/instanceGroupManagers/{group}")


def size_of(record: Record, pool: Any) -> int:
    """How many nodes a pool has, in all zones."""
    return sum(record.groups.get((zone, group_name(record, pool)), 0) for zone in pool.locations)


def pool_of(record: Record, name: str) -> Any:
    """A node pool by name; NOT_FOUND for none."""
    found = next((one for one in record.message.node_pools if one.name == name), None)
    if found is None:
        raise ApiError("NOT_FOUND", f"Not found: {record.message.self_link}/nodePools/{name}.")
    return found


def only_pool(record: Record, name: str) -> Any:
    """The pool that is named; one pool need not be: `ClusterUpdate.desiredNodePoolId`."""
    pools = record.message.node_pools
    if not name and len(pools) != 1:  # text UNVERIFIED
        raise ApiError("INVALID_ARGUMENT", "A node pool must be specified: the cluster has not exactly one.")
    return pool_of(record, name or pools[0].name)


def fill(message: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(message, name, value)


def count(record: Record) -> None:
    """What the deprecated fields say that gcloud shows, and the fingerprint of the labels."""
    cluster = record.message
    labels = json.dumps(dict(sorted(cluster.resource_labels.items()))).encode()
    cluster.label_fingerprint = hashlib.sha256(labels).hexdigest()[:8]
    cluster.current_node_count = sum(record.groups.values())
    versions = [pool.version for pool in cluster.node_pools]
    cluster.current_node_version = versions[0] if versions else cluster.current_master_version


def mark(cluster: Any, status: int, *, pools: bool = True) -> None:
    cluster.status = status
    for pool in cluster.node_pools if pools else ():
        mark_pool(pool, status)


def mark_pool(pool: Any, status: int) -> None:
    pool.status = _POOL_STATUS[status]


def group_name(record: Record, pool: Any) -> str:
    return f"gke-{record.message.name[:20]}-{pool.name}-{record.message.id[:8]}-grp"


def end(record: Record) -> None:
    if record.api:
        record.api.close()
        record.api = None
