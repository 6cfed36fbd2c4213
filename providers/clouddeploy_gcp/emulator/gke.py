"""The operations of the GKE API that clouddeploy and gcloud use."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Any

from clouddeploy.emulator.clock import Clock
from clouddeploy_gcp.emulator import catalog, rules, versions
from clouddeploy_gcp.emulator.answers import ApiError, Json, Request, invalid
from clouddeploy_gcp.emulator.fleet import (
    ERROR,
    RECONCILING,
    RUNNING,
    STOPPING,
    complete,
    count,
    end,
    group_name,
    make_groups,
    mark,
    only_pool,
    pool_of,
    size_of,
)
from clouddeploy_gcp.emulator.messages import container, read, write
from clouddeploy_gcp.emulator.operations import Operations
from clouddeploy_gcp.emulator.records import (
    CREATING,
    DELETING,
    RESIZING,
    UPGRADING,
    Failure,
    KubernetesApi,
    Operation,
    Record,
)

StartApi = Callable[[Record], KubernetesApi]


class Gke:
    """Clusters by location and name. Each Kubernetes API starts in the background meanwhile."""

    def __init__(self, project: str, clock: Clock, url: str, start_api: StartApi) -> None:
        self._project = project
        self._url = url
        self._start_api = start_api
        self.clusters: dict[tuple[str, str], Record] = {}
        self.limits: dict[str, float] = dict(catalog.QUOTAS)
        self.accounts: set[str] = set()
        self.missing_zones: list[str] = []
        self.failures: list[Failure] = []
        self._starting: list[threading.Thread] = []
        self._lock = threading.RLock()
        self._operations = Operations(project, clock, url)

    def server_config(self, location: str, request: Request) -> Json:
        """GET serverConfig."""
        channels = [
            {
                "channel": name,
                "defaultVersion": catalog.DEFAULTS[name],
                "validVersions": list(offered),
                "upgradeTargetVersion": catalog.DEFAULTS[name],
            }
            for name, offered in catalog.CHANNELS.items()
        ]
        found = {
            "defaultClusterVersion": catalog.DEFAULT_VERSION,
            "validMasterVersions": catalog.VERSIONS,
            "validNodeVersions": catalog.VERSIONS,
            "validImageTypes": catalog.IMAGE_TYPES,
            "defaultImageType": "COS_CONTAINERD",
            "channels": channels,
        }
        return write(read(container("ServerConfig"), found), request)

    def clusters_in(self, location: str, request: Request) -> Json:
        """GET clusters; `-` means everywhere."""
        with self._lock:
            self.settle()
            found = [one for key, one in sorted(self.clusters.items()) if location in {"-", key[0]}]
            answer: Json = {"clusters": [write(one.message, request) for one in found]} if found else {}
            return {**answer, "missingZones": list(self.missing_zones)} if self.missing_zones else answer

    def get(self, location: str, name: str, request: Request) -> Json:
        """GET one cluster."""
        with self._lock:
            return write(self.record(location, name).message, request)

    def create(self, location: str, request: Request) -> Json:
        """POST clusters."""
        asked = read(container("CreateClusterRequest"), request.json())
        cluster = asked.cluster
        with self._lock:
            self.settle()
            rules.check_cluster(cluster, location, self._project, self.accounts)
            if (location, cluster.name) in self.clusters:
                path = f"projects/{self._project}/locations/{location}/clusters/{cluster.name}"
                raise ApiError("ALREADY_EXISTS", f"Already exists: {path}.")
            complete(cluster, location, self._project, self._url)
            self._check_quota(cluster)
            record = Record(cluster)
            make_groups(record, self._project)
            self.clusters[record.key] = record
            failure = self.failures.pop(0) if self.failures else None
            operation = self._operations.start(
                "CREATE_CLUSTER", record, CREATING, lambda failed: self._created(record, failed)
            )
            operation.failure = failure
            operation.ready = lambda: record.api is not None or failure is not None
        thread = threading.Thread(target=self._start, args=(record,), name=f"gke {cluster.name}", daemon=True)
        self._starting.append(thread)
        thread.start()
        return self._operations.show(operation, request)

    def delete(self, location: str, name: str, request: Request) -> Json:
        """DELETE one cluster: refused while anything else happens to it."""
        with self._lock:
            record = self.record(location, name)
            self._operations.refuse_busy(record.key)
            mark(record.message, STOPPING)
            operation = self._operations.start(
                "DELETE_CLUSTER", record, DELETING, lambda _: self._remove(record)
            )
            return self._operations.show(operation, request)

    def update(self, location: str, name: str, request: Request) -> Json:
        """PUT one cluster: another version of the control plane or of a node pool, one thing at a time."""
        asked = read(container("UpdateClusterRequest"), request.json()).update
        master, nodes = asked.desired_master_version, asked.desired_node_version
        if bool(master) == bool(nodes):  # texts UNVERIFIED
            some = (
                "Exactly one update can be applied"
                if master
                else "At least one of the update fields must be set"
            )
            raise invalid(f"{some}.")
        with self._lock:
            record = self.record(location, name)
            if nodes:
                pool = only_pool(record, asked.desired_node_pool_id)
                return self._operations.show(self._upgrade_nodes(record, pool, nodes), request)
            return self._operations.show(self._upgrade_master(record, master), request)

    def update_pool(self, location: str, name: str, pool_name: str, request: Request) -> Json:
        """PUT a node pool: another node version."""
        asked = read(container("UpdateNodePoolRequest"), request.json())
        with self._lock:
            record = self.record(location, name)
            operation = self._upgrade_nodes(record, pool_of(record, pool_name), asked.node_version)
            return self._operations.show(operation, request)

    def set_size(self, location: str, name: str, pool_name: str, request: Request) -> Json:
        """POST :setSize: nodes in each zone."""
        asked = read(container("SetNodePoolSizeRequest"), request.json())
        with self._lock:
            record = self.record(location, name)
            pool = pool_of(record, pool_name)
            self._operations.refuse_busy(record.key)
            more = asked.node_count * len(pool.locations) - size_of(record, pool)
            if more > 0:
                rules.check_quota(
                    rules.pool_needs(pool, more), self.used(pool.locations[0]), self.limits, self._project
                )
            for zone in pool.locations:
                record.groups[zone, group_name(record, pool)] = asked.node_count
            mark(record.message, RECONCILING)
            operation = self._operations.start(
                "SET_NODE_POOL_SIZE", record, RESIZING, lambda _: self._pool_done(record, pool, pool.version)
            )
            return self._operations.show(operation, request)

    def set_labels(self, location: str, name: str, request: Request) -> Json:
        """POST :resourceLabels."""
        asked = read(container("SetLabelsRequest"), request.json())
        with self._lock:
            record = self.record(location, name)
            self._operations.refuse_busy(record.key)
            record.message.resource_labels.clear()
            record.message.resource_labels.update(asked.resource_labels)
            operation = self._operations.start("SET_LABELS", record, 0, lambda _: None)
            return self._operations.show(operation, request)

    def pools(self, location: str, name: str, request: Request) -> Json:
        """GET nodePools."""
        found = self.get(location, name, request)
        return {"nodePools": found.get("nodePools", [])}

    def pool(self, location: str, name: str, pool_name: str, request: Request) -> Json:
        """GET one node pool."""
        with self._lock:
            return write(pool_of(self.record(location, name), pool_name), request)

    def operation(self, location: str, name: str, request: Request) -> Json:
        """GET one operation."""
        with self._lock:
            self.settle()
            return self._operations.show(self._operations.find(location, name), request)

    def operations(self, location: str, request: Request) -> Json:
        """GET operations."""
        with self._lock:
            self.settle()
            return self._operations.list(location, request)

    def record(self, location: str, name: str) -> Record:
        """The cluster, brought up to date; NOT_FOUND for none."""
        with self._lock:
            self.settle()
            found = self.clusters.get((location, name))
            if found is None:
                path = f"projects/{self._project}/locations/{location}/clusters/{name}"
                raise ApiError("NOT_FOUND", f"Not found: {path}.")
            count(found)
            return found

    def used(self, place: str) -> dict[str, float]:
        """What the nodes in a region take of its quotas."""
        region = catalog.region_of(place)
        mine = [one for one in self.clusters.values() if catalog.region_of(one.message.location) == region]
        pools = [(one, pool) for one in mine for pool in one.message.node_pools]
        return rules.total(rules.pool_needs(pool, size_of(one, pool)) for one, pool in pools)

    def used_everywhere(self) -> dict[str, float]:
        """As `used`, for all regions together."""
        return rules.total(self.used(region) for region in catalog.REGIONS)

    def settle(self) -> None:
        """Let everything happen whose time has come."""
        with self._lock:
            self._operations.settle()

    def due_in(self) -> float:
        """Emulated seconds until the next operation ends; 0 for none."""
        with self._lock:
            return self._operations.due_in()

    def join(self) -> None:
        """Wait until the Kubernetes APIs that are starting are there."""
        for thread in self._starting:
            thread.join(timeout=60)
        self._starting.clear()

    def close(self) -> None:
        """End every Kubernetes API."""
        self.join()
        with self._lock:
            for record in self.clusters.values():
                end(record)
            self.clusters.clear()

    def _check_quota(self, cluster: Any) -> None:
        needs = [
            rules.pool_needs(pool, pool.initial_node_count * len(pool.locations))
            for pool in cluster.node_pools
        ]
        rules.check_quota(rules.total(needs), self.used(cluster.location), self.limits, self._project)

    def _start(self, record: Record) -> None:
        try:
            api = self._start_api(record)
        except Exception as error:
            record.message.conditions.add(message=str(error))
            return
        with self._lock:
            gone = self.clusters.get(record.key) is not record
            record.api = None if gone else api
        if gone:
            api.close()

    def _created(self, record: Record, failure: Failure | None) -> None:
        if failure and failure.vanish:
            self._remove(record)
            return
        mark(record.message, ERROR if failure else RUNNING)
        if failure:
            condition = record.message.conditions.add(message=failure.message)
            condition.code = type(condition).Code.Value(failure.condition)
            return
        if record.api:
            record.message.endpoint = record.api.url.partition("://")[2]
            record.message.master_auth.cluster_ca_certificate = base64.b64encode(
                record.api.ca.encode()
            ).decode()

    def _upgrade_master(self, record: Record, wanted: str) -> Operation:
        self._operations.refuse_busy(record.key)
        version = versions.upgraded(record.message, wanted)
        mark(record.message, RECONCILING, pools=False)
        operation = self._operations.start(
            "UPGRADE_MASTER", record, UPGRADING, lambda failed: self._upgraded(record, version, failed)
        )
        operation.failure = self.failures.pop(0) if self.failures else None
        return operation

    def _upgrade_nodes(self, record: Record, pool: Any, wanted: str) -> Operation:
        self._operations.refuse_busy(record.key)
        version = versions.of_nodes(record.message, pool, wanted)
        mark(record.message, RECONCILING)
        return self._operations.start(
            "UPGRADE_NODES", record, UPGRADING, lambda _: self._pool_done(record, pool, version)
        )

    def _upgraded(self, record: Record, version: str, failure: Failure | None) -> None:
        mark(record.message, RUNNING, pools=False)
        if not failure:
            record.message.current_master_version = version
            if record.message.autopilot.enabled:
                record.message.current_node_version = version

    def _pool_done(self, record: Record, pool: Any, version: str) -> None:
        pool.version = version
        mark(record.message, RUNNING)

    def _remove(self, record: Record) -> None:
        end(record)
        self.clusters.pop(record.key, None)
