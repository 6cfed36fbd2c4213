"""ACK's clusters and their tasks, and what happens to them as time passes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from clouddeploy.emulator.clusters import KubernetesApi
from clouddeploy_alibaba.emulator.ack_shown import API_ADDRESS
from clouddeploy_alibaba.emulator.answers import ServiceError
from clouddeploy_alibaba.emulator.records import LINGERING_SECONDS, ClusterRecord, PoolRecord, TaskRecord
from clouddeploy_alibaba.emulator.world import Resource, World

Json = dict[str, Any]
StartApi = Callable[[str], KubernetesApi]
"""Starts the Kubernetes API of the cluster with this id."""


class AckBook:
    """Clusters by id. Each Kubernetes API starts in the background while the cluster is initial."""

    def __init__(self, world: World, start_api: StartApi) -> None:
        self._world = world
        self._start_api = start_api
        self._clusters: dict[str, ClusterRecord] = {}
        self._starting: list[threading.Thread] = []
        self._lingering: dict[str, float] = {}
        self.missing_roles: set[str] = set()
        self.list_lag = 0.0
        """Emulated seconds until a new cluster shows up in lists."""
        self.lingering = LINGERING_SECONDS
        """Emulated seconds that a security group and its network interfaces outlive their cluster."""

    def clusters(self) -> list[ClusterRecord]:
        with self._world.lock:
            self._sweep()
            return list(self._clusters.values())

    def find(self, cluster_id: str) -> ClusterRecord | None:
        """A cluster as it was when somebody last looked; takes no lock."""
        return self._clusters.get(cluster_id)

    def vswitches_in_use(self) -> set[str]:
        """Those that nodes are in, or may be on their way into or out of."""
        pools = [pool for one in self.clusters() for pool in one.pools.values()]
        used = [pool.request["scaling_group"] for pool in pools if pool.desired or pool.serving]
        return {each for group in used for each in group["vswitch_ids"]}

    def can_pull(self, cluster_id: str) -> bool:
        """Whether the credential helper gives this cluster's pods a pull secret."""
        record = self.find(cluster_id)
        addon = record.addons.get("managed-aliyun-acr-credential-helper") if record else None
        return bool(
            addon and addon.state(self._world.clock.now()) == "active" and "instanceId" in addon.config
        )

    def join(self) -> None:
        """Wait until the Kubernetes APIs that are starting are there."""
        for thread in self._starting:
            thread.join(timeout=60)
        self._starting.clear()

    def close(self) -> None:
        """End every Kubernetes API."""
        self.join()
        for record in self._clusters.values():
            _end(record)
        self._clusters.clear()

    def _get(self, names: Mapping[str, str]) -> ClusterRecord:
        found = self._clusters.get(names["cluster"])
        if found is None:
            text = f"cluster ({names['cluster']}) not found in our records"
            raise ServiceError("ErrorClusterNotFound", text, 404)
        return found

    def _running(self, names: Mapping[str, str]) -> ClusterRecord:
        record = self._get(names)
        state = record.state(self._world.clock.now())
        if state != "running":
            raise ServiceError(
                "ErrorClusterState", f"cluster state {state} does not allow this operation", 409
            )
        return record

    def _task(self, record: ClusterRecord, kind: str, seconds: float) -> TaskRecord:
        now = self._world.clock.now()
        task = TaskRecord(self._world.new_id("T-"), kind, now, now + seconds, record.failure)
        record.tasks.append(task)
        return task

    def _add_pool(self, record: ClusterRecord, request: Json, size: int, ready_at: float) -> PoolRecord:
        """A node pool whose nodes come at `ready_at`."""
        now, name = self._world.clock.now(), request["nodepool_info"]["name"]
        pool = PoolRecord(self._world.new_id("np"), name, request, now, size, serving=0, busy_until=ready_at)
        record.pools[pool.id] = pool
        return pool

    def _make_parts(self, record: ClusterRecord) -> None:
        """What ACK makes for a cluster in the user's account: it is billed, and it blocks the network."""
        vpc, vswitch = str(record.request["vpcid"]), str(record.request["vswitch_ids"][0])
        tags = {"ack.aliyun.com": record.id, **record.tags}
        for kind, prefix in (("group", "sg-"), ("slb", "lb-")) + (
            (("nat", "ngw-"),) if record.request.get("snat_entry") else ()
        ):
            part = Resource(kind, self._world.new_id(prefix), vpc_id=vpc, vswitch_id=vswitch, tags=dict(tags))
            part.cluster_id = record.id
            part.address = API_ADDRESS if kind == "slb" else ""
            self._world.add(part)
        if record.request.get("endpoint_public_access"):
            eip = Resource("eip", self._world.new_id("eip-"), cluster_id=record.id, tags=dict(tags))
            self._world.add(eip)

    def _start(self, record: ClusterRecord) -> None:
        try:
            api = self._start_api(record.id)
        except Exception as error:
            record.api_error = str(error)
            return
        with self._world.lock:
            record.api = api
            for eip in self._world.of("eip", cluster_id=record.id):
                eip.name = urlsplit(api.url).hostname or ""

    def _sweep(self) -> None:
        """Let time pass: nodes arrive, what has finished deleting is gone."""
        now = self._world.clock.now()
        for record in list(self._clusters.values()):
            record.settle(now)
            if record.gone_at is not None and record.gone_at <= now:
                _end(record)
                for kind in ("slb", "nat", "eip"):
                    for part in self._world.of(kind, cluster_id=record.id):
                        del self._world.resources[part.id]
                for group in self._world.of("group", cluster_id=record.id):
                    self._lingering[group.id] = record.gone_at + self.lingering
                for disk in self._world.of("disk", cluster_id=record.id):
                    disk.attached = False
                del self._clusters[record.id]
        for key in [key for key, until in self._lingering.items() if until <= now]:
            del self._lingering[key]
            self._world.resources.pop(key, None)


def _end(record: ClusterRecord) -> None:
    if record.api:
        record.api.close()
        record.api = None
