"""The operations of the GKE API on node pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clouddeploy_gcp.emulator import catalog, rules, versions
from clouddeploy_gcp.emulator.answers import ApiError, Json, Request, invalid, not_emulated
from clouddeploy_gcp.emulator.fleet import (
    PROVISIONING,
    RECONCILING,
    RUNNING,
    STOPPING,
    complete_pool,
    group_name,
    make_groups,
    mark,
    mark_pool,
    pool_of,
    size_of,
)
from clouddeploy_gcp.emulator.messages import container, emulated, read, write
from clouddeploy_gcp.emulator.operations import Operations
from clouddeploy_gcp.emulator.outputs import without_outputs
from clouddeploy_gcp.emulator.pools import MOST, check_pool
from clouddeploy_gcp.emulator.records import CREATING, DELETING, RESIZING, UPGRADING, Operation, Record

if TYPE_CHECKING:
    from clouddeploy_gcp.emulator.gke import Gke

_IMAGE = "COS_CONTAINERD"


class NodePools:
    """The pools of the clusters that `gke` has."""

    def __init__(self, gke: Gke) -> None:
        self._gke = gke

    def every(self, location: str, name: str, request: Request) -> Json:
        """GET nodePools."""
        found = self._gke.get(location, name, request)
        return {"nodePools": found.get("nodePools", [])}

    def get(self, location: str, name: str, pool_name: str, request: Request) -> Json:
        """GET one."""
        with self._gke.lock:
            return write(pool_of(self._gke.record(location, name), pool_name), request)

    def create(self, location: str, name: str, request: Request) -> Json:
        """POST nodePools."""
        pool = without_outputs(read(container("CreateNodePoolRequest"), request.json()).node_pool)
        with self._gke.lock:
            record = self._gke.changeable(location, name)
            cluster = record.message
            if cluster.autopilot.enabled:  # text UNVERIFIED
                raise invalid("Node pools of Autopilot clusters are made by GKE.")
            check_pool(pool, cluster, catalog.region_of(location) or location)
            self._gke.check_accounts(pool.config)
            if any(one.name == pool.name for one in cluster.node_pools):
                raise ApiError(
                    "ALREADY_EXISTS", f"Already exists: {cluster.self_link}/nodePools/{pool.name}."
                )
            complete_pool(pool, cluster, versions.of_nodes(cluster, pool, pool.version))
            self._check_quota(pool, pool.initial_node_count * len(pool.locations))
            mine = cluster.node_pools.add()
            mine.CopyFrom(pool)
            make_groups(record, mine, self._gke.project)
            mark_pool(mine, PROVISIONING)
            return self._start("CREATE_NODE_POOL", record, mine, CREATING, request)

    def delete(self, location: str, name: str, pool_name: str, request: Request) -> Json:
        """DELETE one, with its nodes."""
        with self._gke.lock:
            record = self._gke.changeable(location, name)
            pool = pool_of(record, pool_name)
            mark_pool(pool, STOPPING)
            operation = self._gke.log.start(
                "DELETE_NODE_POOL", record, DELETING, lambda _: _remove(record, pool_name)
            )
            return self._gke.log.show(operation, request)

    def update(self, location: str, name: str, pool_name: str, request: Request) -> Json:
        """PUT one: another node version."""
        asked = read(container("UpdateNodePoolRequest"), request.json())
        emulated(asked, ("node_version", "image_type"))
        if not (asked.node_version or asked.image_type):  # text UNVERIFIED
            raise invalid("At least one of the update fields must be set.")
        image = asked.image_type.upper() or _IMAGE
        if image not in catalog.IMAGE_TYPES:
            raise invalid(f'Image type "{asked.image_type}" is not supported.')
        with self._gke.lock:
            record = self._gke.changeable(location, name)
            pool = pool_of(record, pool_name)
            if not asked.node_version or image != (pool.config.image_type.upper() or _IMAGE):
                raise not_emulated("A change of a node pool's image type")
            operation = upgrade_nodes(self._gke.log, record, pool, asked.node_version)
            return self._gke.log.show(operation, request)

    def set_size(self, location: str, name: str, pool_name: str, request: Request) -> Json:
        """POST :setSize: nodes in each zone."""
        count = read(container("SetNodePoolSizeRequest"), request.json()).node_count
        with self._gke.lock:
            record = self._gke.changeable(location, name)
            pool = pool_of(record, pool_name)
            if not 0 <= count <= MOST:  # text UNVERIFIED
                raise invalid(f"node_count must be between 0 and {MOST}.")
            self._check_quota(pool, count * len(pool.locations) - size_of(record, pool))
            for zone in pool.locations:
                record.groups[zone, group_name(record, pool)] = count
            mark(record.message, RECONCILING)
            return self._start("SET_NODE_POOL_SIZE", record, pool, RESIZING, request)

    def _check_quota(self, pool: Any, more: int) -> None:
        if more > 0:
            used = self._gke.used(pool.locations[0])
            rules.check_quota(rules.pool_needs(pool, more), used, self._gke.limits, self._gke.project)

    def _start(self, kind: str, record: Record, pool: Any, seconds: float, request: Request) -> Json:
        operation = self._gke.log.start(kind, record, seconds, lambda _: _done(record, pool, pool.version))
        return self._gke.log.show(operation, request)


def upgrade_nodes(log: Operations, record: Record, pool: Any, wanted: str) -> Operation:
    """Begin to bring a pool to another version."""
    version = versions.of_nodes(record.message, pool, wanted)
    mark(record.message, RECONCILING)
    return log.start("UPGRADE_NODES", record, UPGRADING, lambda _: _done(record, pool, version))


def _done(record: Record, pool: Any, version: str) -> None:
    pool.version = version
    mark(record.message, RUNNING)


def _remove(record: Record, name: str) -> None:
    pools = record.message.node_pools
    for zone in pool_of(record, name).locations:
        record.groups.pop((zone, group_name(record, pool_of(record, name))), None)
    del pools[[one.name for one in pools].index(name)]
