"""The operations of the GKE API that clouddeploy and gcloud use."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Any

from clouddeploy.emulator.clock import Clock
from clouddeploy.emulator.clusters import KubernetesApi
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
    make_groups,
    mark,
    only_pool,
    size_of,
)
from clouddeploy_gcp.emulator.labels import check_labels
from clouddeploy_gcp.emulator.messages import container, emulated, read, write
from clouddeploy_gcp.emulator.nodepools import upgrade_nodes
from clouddeploy_gcp.emulator.operations import Operations
from clouddeploy_gcp.emulator.outputs import without_outputs
from clouddeploy_gcp.emulator.records import (
    CREATING,
    DELETING,
    UPGRADING,
    Failure,
    Operation,
    Record,
)

ACT_AS = "iam.serviceAccounts.actAs"
StartApi = Callable[[Record], KubernetesApi]


class Gke:
    """Clusters by location and name. Each Kubernetes API starts in the background meanwhile."""

    def __init__(self, project: str, clock: Clock, url: str, start_api: StartApi) -> None:
        self.project = project
        self._url = url
        self._start_api = start_api
        self.clusters: dict[tuple[str, str], Record] = {}
        self.limits: dict[str, float] = dict(catalog.QUOTAS)
        self.accounts: set[str] = set()
        self.denied: set[str] = set()
        self.missing_zones: list[str] = []
        self.failures: list[Failure] = []
        self._starting: list[threading.Thread] = []
        self.lock = threading.RLock()
        self.log = Operations(project, clock, url)

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
            "validImageTypes": list(catalog.IMAGE_TYPES),
            "defaultImageType": "COS_CONTAINERD",
            "channels": channels,
        }
        return write(read(container("ServerConfig"), found), request)

    def clusters_in(self, location: str, request: Request) -> Json:
        """GET clusters; `-` means everywhere."""
        with self.lock:
            self.settle()
            found = [one for key, one in sorted(self.clusters.items()) if location in {"-", key[0]}]
            for one in found:
                count(one)
            answer: Json = {"clusters": [write(one.message, request) for one in found]} if found else {}
            return {**answer, "missingZones": list(self.missing_zones)} if self.missing_zones else answer

    def get(self, location: str, name: str, request: Request) -> Json:
        """GET one cluster."""
        with self.lock:
            return write(self.record(location, name).message, request)

    def create(self, location: str, request: Request) -> Json:
        """POST clusters."""
        asked = read(container("CreateClusterRequest"), request.json())
        cluster = without_outputs(asked.cluster)
        with self.lock:
            self.settle()
            rules.check_cluster(cluster, location, self.project)
            defaults = cluster.autoscaling.autoprovisioning_node_pool_defaults
            self.check_accounts(defaults, cluster.node_config, *(one.config for one in cluster.node_pools))
            if (location, cluster.name) in self.clusters:
                path = f"projects/{self.project}/locations/{location}/clusters/{cluster.name}"
                raise ApiError("ALREADY_EXISTS", f"Already exists: {path}.")
            complete(cluster, location, self.project, self._url)
            self._check_quota(cluster)
            record = Record(cluster)
            for pool in cluster.node_pools:
                make_groups(record, pool, self.project)
            self.clusters[record.key] = record
            failure = self.failures.pop(0) if self.failures else None
            operation = self.log.start(
                "CREATE_CLUSTER", record, CREATING, lambda failed: self._created(record, failed)
            )
            operation.failure = failure
            operation.ready = lambda: record.api is not None or failure is not None
        thread = threading.Thread(target=self._start, args=(record,), name=f"gke {cluster.name}", daemon=True)
        self._starting.append(thread)
        thread.start()
        return self.log.show(operation, request)

    def delete(self, location: str, name: str, request: Request) -> Json:
        """DELETE one cluster: refused while anything else happens to it."""
        with self.lock:
            record = self.record(location, name)
            self.log.refuse_busy(record.key)
            mark(record.message, STOPPING)
            operation = self.log.start("DELETE_CLUSTER", record, DELETING, lambda _: self._remove(record))
            return self.log.show(operation, request)

    def update(self, location: str, name: str, request: Request) -> Json:
        """PUT one cluster: another version of the control plane or of a node pool, one thing at a time."""
        asked = read(container("UpdateClusterRequest"), request.json()).update
        emulated(asked, ("desired_master_version", "desired_node_version", "desired_node_pool_id"))
        master, nodes = asked.desired_master_version, asked.desired_node_version
        if bool(master) == bool(nodes):  # texts UNVERIFIED
            some = (
                "Exactly one update can be applied"
                if master
                else "At least one of the update fields must be set"
            )
            raise invalid(f"{some}.")
        with self.lock:
            record = self.changeable(location, name)
            if nodes:
                pool = only_pool(record, asked.desired_node_pool_id)
                return self.log.show(upgrade_nodes(self.log, record, pool, nodes), request)
            return self.log.show(self._upgrade_master(record, master), request)

    def set_labels(self, location: str, name: str, request: Request) -> Json:
        """POST :setResourceLabels, with the fingerprint of the labels that there are."""
        asked = read(container("SetLabelsRequest"), request.json())
        with self.lock:
            record = self.changeable(location, name)
            check_labels(asked.resource_labels)
            _check_fingerprint(asked.label_fingerprint, record.message.label_fingerprint)
            record.message.resource_labels.clear()
            record.message.resource_labels.update(asked.resource_labels)
            operation = self.log.start("SET_LABELS", record, 0, lambda _: None)
            return self.log.show(operation, request)

    def operation(self, location: str, name: str, request: Request) -> Json:
        """GET one operation."""
        with self.lock:
            self.settle()
            return self.log.show(self.log.find(location, name), request)

    def operations(self, location: str, request: Request) -> Json:
        """GET operations."""
        with self.lock:
            self.settle()
            return self.log.list(location, request)

    def record(self, location: str, name: str) -> Record:
        """The cluster, brought up to date; NOT_FOUND for none."""
        with self.lock:
            self.settle()
            found = self.clusters.get((location, name))
            if found is None:
                path = f"projects/{self.project}/locations/{location}/clusters/{name}"
                raise ApiError("NOT_FOUND", f"Not found: {path}.")
            count(found)
            return found

    def changeable(self, location: str, name: str) -> Record:
        """As `record`; FAILED_PRECONDITION while something happens to it, and when it has failed."""
        record = self.record(location, name)
        self.log.refuse_busy(record.key)
        if record.message.status == ERROR:  # text UNVERIFIED
            raise ApiError(
                "FAILED_PRECONDITION", f"Cluster {name} is in the state ERROR: it can only be deleted."
            )
        return record

    def check_accounts(self, *configs: Any) -> None:
        """As `rules.check_accounts`, for the caller and the accounts that there are."""
        rules.check_accounts(configs, self.accounts, may_act=ACT_AS not in self.denied)

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
        with self.lock:
            self.log.settle()

    def due_in(self) -> float:
        """Emulated seconds until the next operation ends; 0 for none."""
        with self.lock:
            return self.log.due_in()

    def join(self) -> None:
        """Wait until the Kubernetes APIs that are starting are there."""
        for thread in self._starting:
            thread.join(timeout=60)
        self._starting.clear()

    def close(self) -> None:
        """End every Kubernetes API."""
        self.join()
        with self.lock:
            for record in self.clusters.values():
                end(record)
            self.clusters.clear()

    def _check_quota(self, cluster: Any) -> None:
        needs = [
            rules.pool_needs(pool, pool.initial_node_count * len(pool.locations))
            for pool in cluster.node_pools
        ]
        rules.check_quota(rules.total(needs), self.used(cluster.location), self.limits, self.project)

    def _start(self, record: Record) -> None:
        try:
            api = self._start_api(record)
        except Exception as error:
            record.message.conditions.add(message=str(error))
            return
        with self.lock:
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
        version = versions.upgraded(record.message, wanted)
        mark(record.message, RECONCILING, pools=False)
        operation = self.log.start(
            "UPGRADE_MASTER", record, UPGRADING, lambda failed: self._upgraded(record, version, failed)
        )
        operation.failure = self.failures.pop(0) if self.failures else None
        return operation

    def _upgraded(self, record: Record, version: str, failure: Failure | None) -> None:
        mark(record.message, RUNNING, pools=False)
        if not failure:
            record.message.current_master_version = version
            if record.message.autopilot.enabled:
                record.message.current_node_version = version

    def _remove(self, record: Record) -> None:
        end(record)
        self.clusters.pop(record.key, None)


def _check_fingerprint(given: str, wanted: str) -> None:
    """Source: crossplane-contrib/provider-gcp#477."""
    if given != wanted:
        text = "Labels could not be set due to fingerprint mismatch; try again with the proper fingerprint"
        details = f'incorrect fingerprint supplied was "{given}", the expected one is "{wanted}".'
        raise ApiError("FAILED_PRECONDITION", f"{text}: {details}")
