"""The ACK operations on node pools and add-ons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy_alibaba.emulator import ack_rules as rules
from clouddeploy_alibaba.emulator import ack_shown as shown
from clouddeploy_alibaba.emulator.ack_book import AckBook
from clouddeploy_alibaba.emulator.ack_pool_rules import (
    Room,
    check_group,
    check_pool,
    check_scaling,
    check_size,
)
from clouddeploy_alibaba.emulator.answers import Received, ServiceError, request_id
from clouddeploy_alibaba.emulator.records import (
    ADDON_SECONDS,
    DRAINING_SECONDS,
    NODES_SECONDS,
    POOL_DELETING_SECONDS,
    AddonRecord,
    ClusterRecord,
    PoolRecord,
)

Json = dict[str, Any]


class PoolCalls(AckBook):
    """One method for each operation, named after it."""

    def _describe_cluster_node_pools(self, names: Mapping[str, str], request: Received) -> Json:
        record, wanted = self._get(names), request.parameters().get("NodepoolName", "")
        found = [one for one in record.pools.values() if wanted in one.name]
        return {"nodepools": [shown.pool(self._world, one) for one in found]}

    def _create_cluster_node_pool(self, names: Mapping[str, str], request: Received) -> Json:
        record, body, now = self._running(names), request.document() or {}, self._world.clock.now()
        size = check_pool(self._world, body, self._room(record))
        if len(record.pools) >= self._world.quotas["cluster_nodepool_quota"]:
            raise ServiceError("QuotaExceeded.Nodepool", "the quota of node pools is exceeded")
        name = body["nodepool_info"]["name"]
        if any(one.name == name for one in record.pools.values()):
            raise ServiceError("ErrorNodePoolNameExisted", f"node pool {name} exists already", 409)
        pool = self._add_pool(record, body, size, now + NODES_SECONDS)
        task = self._task(record, "nodepool_create", NODES_SECONDS)
        return {"nodepool_id": pool.id, "task_id": task.id, "request_id": request_id()}

    def _modify_cluster_node_pool(self, names: Mapping[str, str], request: Received) -> Json:
        record, now = self._running(names), self._world.clock.now()
        pool, body = _pool(record, names), request.document() or {}
        if pool.gone_at is not None:
            text = f"node pool state {pool.state(now)} does not allow this operation"
            raise ServiceError("ErrorNodePoolState", text, 409)
        changes, room = body.get("scaling_group") or {}, self._room(record, pool)
        group = {**pool.request["scaling_group"], **changes}
        check_group(self._world, group, room)
        check_scaling(body.get("auto_scaling") or {})
        if "desired_size" in changes:
            pool.desired = check_size(changes, room)
            pool.busy_until = now + NODES_SECONDS
        pool.request = {**pool.request, "scaling_group": group}
        task = self._task(record, "nodepool_update", NODES_SECONDS)
        return {"nodepool_id": pool.id, "task_id": task.id, "request_id": request_id()}

    def _room(self, record: ClusterRecord, changed: PoolRecord | None = None) -> Room:
        """What a new pool may be, or one that is `changed`: the quota of nodes is the cluster's."""
        others = sum(one.desired for one in record.pools.values() if one is not changed)
        most = self._world.quotas["node_quota"]
        return Room(str(record.request["vpcid"]), others, most, shown.is_basic(record))

    def _delete_cluster_nodepool(self, names: Mapping[str, str], _: Received) -> Json:
        """A cluster's last nodes are drained in vain, also by force: CoreDNS's budget lets no pod go."""
        record = self._running(names)
        pool = _pool(record, names)
        if pool.gone_at is not None:
            text = f"node pool {pool.id} is being removed"
            raise ServiceError("InvalidNodePoolStatus.Forbidden", text)
        others = any(one.desired for one in record.pools.values() if one is not pool and one.gone_at is None)
        seconds = POOL_DELETING_SECONDS if others or not pool.desired else DRAINING_SECONDS
        pool.gone_at = self._world.clock.now() + seconds
        return {"request_id": request_id(), "task_id": self._task(record, "nodepool_delete", seconds).id}

    def _upgrade_cluster_nodepool(self, names: Mapping[str, str], request: Received) -> Json:
        record = self._running(names)
        pool = _pool(record, names)
        version = str((request.document() or {}).get("kubernetes_version") or record.version)
        if version != record.version:
            raise ServiceError("InvalidKubernetesVersion", f"the control plane runs {record.version}")
        pool.busy_until = self._world.clock.now() + NODES_SECONDS
        task = self._task(record, "nodepool_upgrade", NODES_SECONDS)
        return {"task_id": task.id, "RequestId": request_id()}

    def _get_cluster_addon_instance(self, names: Mapping[str, str], _: Received) -> Json:
        return shown.addon(self._world, _addon(self._get(names), names["addon"]))

    def _list_addons(self, _: Mapping[str, str], request: Received) -> Json:
        key = request.parameters().get("cluster_id")
        if key:
            self._get({"cluster": key})
        return {"addons": [{"name": name, "version": rules.ADDON_VERSION} for name in sorted(rules.ADDONS)]}

    def _install_cluster_addons(self, names: Mapping[str, str], request: Received) -> Json:
        record, now = self._running(names), self._world.clock.now()
        for wanted in request.document() or ():
            name, version = str(wanted.get("name")), str(wanted.get("version"))
            if name not in rules.ADDONS or version != rules.ADDON_VERSION:
                raise ServiceError("AddonNotFound", f"addon {name} is not found", 404)
            if name == rules.PULLING_ADDON and rules.PULLING_ROLE in self.missing_roles:
                raise rules.not_authorized("ErrAcrHelperRoleNotAttach")
            if name in record.addons:
                raise ServiceError("AddonAlreadyInstalled", f"addon {name} is installed already", 409)
            config = str(wanted.get("config", ""))
            record.addons[name] = AddonRecord(name, version, config, now + ADDON_SECONDS)
        return shown.accepted(record, self._task(record, "cluster_addon_install", ADDON_SECONDS))

    def _modify_cluster_addon(self, names: Mapping[str, str], request: Received) -> None:
        addon = _addon(self._running(names), names["addon"])
        addon.config = str((request.document() or {}).get("config", ""))
        addon.ready_at = self._world.clock.now() + ADDON_SECONDS

    def _uninstall_cluster_addons(self, names: Mapping[str, str], request: Received) -> Json:
        record, now = self._running(names), self._world.clock.now()
        for wanted in request.document() or ():
            addon = _addon(record, str(wanted.get("name")))
            addon.gone_at = addon.gone_at if addon.gone_at is not None else now + ADDON_SECONDS
        return shown.accepted(record, self._task(record, "cluster_addon_uninstall", ADDON_SECONDS))


def _pool(record: ClusterRecord, names: Mapping[str, str]) -> PoolRecord:
    found = record.pools.get(names["pool"])
    if found is None:
        raise ServiceError("ErrorNodePoolNotFound", f"node pool {names['pool']} is not found", 404)
    return found


def _addon(record: ClusterRecord, name: str) -> AddonRecord:
    found = record.addons.get(name)
    if found is None:
        raise ServiceError("AddonNotFound", f"addon {name} is not installed", 404)
    return found
