"""The DOKS operations."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from clouddeploy.emulator.clock import Clock
from clouddeploy.emulator.clusters import KubernetesApi
from clouddeploy_digitalocean.emulator import catalog, fields, wishes
from clouddeploy_digitalocean.emulator.answers import Answer, ApiError, invalid, not_found, paged
from clouddeploy_digitalocean.emulator.kubeconfig import credentials, kubeconfig
from clouddeploy_digitalocean.emulator.limits import check_droplets
from clouddeploy_digitalocean.emulator.network import Network
from clouddeploy_digitalocean.emulator.records import (
    CREATING_SECONDS,
    DELETING_SECONDS,
    UPGRADING_SECONDS,
    Cluster,
    Member,
    Pool,
)
from clouddeploy_digitalocean.emulator.request import Request
from clouddeploy_digitalocean.emulator.subnets import check_overlay

StartApi = Callable[[Cluster], KubernetesApi]
"""Starts the Kubernetes API of a cluster."""

_WEEK = 7 * 24 * 3600


class Kubernetes:
    """Clusters by id. Each Kubernetes API starts in the background while the cluster is provisioned.

    `going` is the state that a cluster shows while it is being deleted: the specification has
    `deleting`, and doctl 1.15x knows only `deleted`. A tag keeps the letters that it was first written with
    (`tags` of digitalocean/openapi). `list_lag` is for how many seconds a new cluster is missing from lists.
    """

    def __init__(self, clock: Clock, network: Network, droplet_limit: Callable[[], int]) -> None:
        self._clock = clock
        self._network = network
        self._droplet_limit = droplet_limit
        self.start_api: StartApi | None = None
        self.registries: Callable[[], list[str]] = list
        self.going = "deleted"
        self.list_lag = 0.0
        self.failing = ""
        self.clusters: dict[str, Cluster] = {}
        self._written: dict[str, str] = {}
        self._starting: list[threading.Thread] = []
        self._lock = threading.RLock()

    def list_options(self, request: Request) -> Answer:
        return Answer(200, {"options": catalog.options()})

    def list_clusters(self, request: Request) -> Answer:
        with self._lock:
            self._sweep()
            newest = self._clock.now() - self.list_lag
            listed = [one for one in self.clusters.values() if one.ready_at - CREATING_SECONDS <= newest]
            shown = [self._show(one) for one in listed]
        return paged("kubernetes_clusters", shown, request.query, request.url)

    def get_cluster(self, request: Request) -> Answer:
        return Answer(200, {"kubernetes_cluster": self._show(self._cluster(request))})

    def create_cluster(self, request: Request) -> Answer:
        return Answer(201, {"kubernetes_cluster": self._show(self.plant(request.body))})

    def list_associated(self, request: Request) -> Answer:
        return Answer(200, self._network.associated(self._cluster(request).id))

    def destroy_selective(self, request: Request) -> Answer:
        with self._lock:
            cluster = self._cluster(request)
            found = self._network.associated(cluster.id)
            wanted = {kind: set(fields.texts(request.body, kind)) for kind in found}
            for kind, objects in found.items():
                if wanted[kind] - {one["id"] for one in objects}:
                    raise ApiError(422, f"{kind} are not associated with this cluster")
            self._network.drop(wanted["load_balancers"] | wanted["volumes"])
            self._delete(cluster)
        return Answer(204)

    def destroy_all(self, request: Request) -> Answer:
        with self._lock:
            cluster = self._cluster(request)
            found = self._network.associated(cluster.id).values()
            self._network.drop(one["id"] for objects in found for one in objects)
            self._delete(cluster)
        return Answer(204)

    def update_cluster(self, request: Request) -> Answer:
        with self._lock:
            cluster, _ = self._running(request)
            wishes.update(cluster, request.body)
            self._spell(cluster.tags)
        return Answer(202, {"kubernetes_cluster": self._show(cluster)})

    def delete_cluster(self, request: Request) -> Answer:
        """Leaves load balancers and volumes behind, as DOKS does."""
        with self._lock:
            self._delete(self._cluster(request))
        return Answer(204)

    def credentials(self, request: Request) -> Answer:
        cluster, api = self._reachable(request)
        return Answer(200, credentials(api, *cluster.token(_life(request.query))))

    def kubeconfig(self, request: Request) -> Answer:
        cluster, api = self._reachable(request)
        token, _ = cluster.token(_life(request.query))
        return Answer(200, kubeconfig(cluster, api, token))

    def list_upgrades(self, request: Request) -> Answer:
        found = catalog.upgrades(self._cluster(request).version)
        return Answer(200, {"available_upgrade_versions": [catalog.version(slug) for slug in found] or None})

    def upgrade(self, request: Request) -> Answer:
        with self._lock:
            cluster, _ = self._running(request)
            if cluster.upgraded_at is not None:
                raise ApiError(409, "an upgrade is already in progress")
            wanted = fields.text(request.body, "version")
            if wanted not in catalog.upgrades(cluster.version):
                raise invalid("invalid version slug")
            cluster.next_version = wanted
            cluster.upgraded_at = self._clock.now() + UPGRADING_SECONDS
        return Answer(202)

    def update_pool(self, request: Request) -> Answer:
        with self._lock:
            cluster, _ = self._running(request)
            pool = next((one for one in cluster.pools if one.id == request.names["pool_id"]), None)
            if pool is None:
                raise not_found()
            changed = wishes.changed(pool, request.body)
            if changed.name in {one.name for one in cluster.pools if one is not pool}:
                raise invalid("node pool names must be unique")
            changed.resize(fields.number(request.body, "count"), self._clock.now())
            self._check_room([changed], len(pool.nodes))
            cluster.pools[cluster.pools.index(pool)] = changed
            return Answer(202, {"node_pool": changed.show(self._clock.now(), cluster.id)})

    def add_registries(self, request: Request) -> Answer:
        with self._lock:
            names, clusters = self._integration(request.body)
            for cluster in clusters:
                if cluster.state(self._clock.now()) not in {"running", "upgrading"}:
                    raise ApiError(412, f"cluster {cluster.id} is not ready")
                cluster.registries += [name for name in names if name not in cluster.registries]
        return Answer(204)

    def remove_registries(self, request: Request) -> Answer:
        with self._lock:
            names, clusters = self._integration(request.body)
            for cluster in clusters:
                cluster.registries = [name for name in cluster.registries if name not in names]
        return Answer(204)

    def user(self, cluster: str, token: str) -> tuple[str, tuple[str, ...]] | None:
        """Who a bearer token is in a cluster's Kubernetes API."""
        with self._lock:
            record = self.clusters.get(cluster)
            expires = record.tokens.get(token) if record else None
        if expires is None or expires <= datetime.now(UTC):
            return None
        return "do-admin", ("system:masters",)

    def members(self, vpc: str) -> list[Member]:
        """The clusters in a VPC with their Droplets, those that are being deleted too."""
        with self._lock:
            self._sweep()
            return [each for one in self.clusters.values() if one.vpc == vpc for each in one.members()]

    def overlays(self) -> list[str]:
        """The pods' ranges that requests have named."""
        return [one.overlay for one in self.clusters.values() if one.overlay]

    def disown(self, name: str) -> None:
        """Take every tag off the clusters of a name."""
        for cluster in self.clusters.values():
            if cluster.name == name:
                cluster.tags.clear()

    def plant(self, body: Mapping[str, Any]) -> Cluster:
        """A cluster as a request describes it; its Kubernetes API starts in the background."""
        with self._lock:
            self._sweep()
            cluster = self._made(body)
            self.clusters[cluster.id] = cluster
        thread = threading.Thread(
            target=self._start, args=(cluster,), name=f"doks {cluster.name}", daemon=True
        )
        self._starting.append(thread)
        thread.start()
        return cluster

    def join(self) -> None:
        """Wait until the Kubernetes APIs that are starting are there."""
        for thread in self._starting:
            thread.join(timeout=60)
        self._starting.clear()

    def close(self) -> None:
        """End every Kubernetes API."""
        self.join()
        with self._lock:
            for cluster in self.clusters.values():
                _end(cluster)
            self.clusters.clear()

    def _made(self, body: Mapping[str, Any]) -> Cluster:
        cluster = wishes.cluster(body, self._clock.now() + CREATING_SECONDS)
        self._check_room(cluster.pools)
        for tags in (cluster.tags, *(pool.tags for pool in cluster.pools)):
            self._spell(tags)
        if cluster.overlay:
            check_overlay(cluster.overlay, self._network.networks())
        cluster.vpc = self._vpc(fields.text(body, "vpc_uuid"), cluster.region)
        cluster.failure = self.failing
        return cluster

    def _spell(self, tags: list[str]) -> None:
        """Write each as it was written first."""
        tags[:] = [self._written.setdefault(tag.lower(), tag) for tag in tags]

    def _vpc(self, given: str, region: str) -> str:
        if not given:
            return self._network.default_of(region).id
        vpc = self._network.vpcs.get(given)
        if vpc is None or vpc.region != region:
            raise invalid("VPC does not exist in this region")
        return vpc.id

    def _check_room(self, wanted: Sequence[Pool], instead: int = 0) -> None:
        """Whether there may be so many Droplets more, `instead` of some that are there."""
        used = sum(len(pool.nodes) for one in self.clusters.values() for pool in one.pools)
        check_droplets(wanted, used, instead, self._droplet_limit())

    def _integration(self, body: Mapping[str, Any]) -> tuple[list[str], list[Cluster]]:
        names, ids = fields.texts(body, "registries"), fields.texts(body, "cluster_uuids")
        if not names or not set(names) <= set(self.registries()):
            raise ApiError(404, "registry not found")
        if not ids or not set(ids) <= set(self.clusters):
            raise not_found()
        return names, [self.clusters[one] for one in ids]

    def _running(self, request: Request) -> tuple[Cluster, KubernetesApi]:
        cluster = self._cluster(request)
        api = self._api(cluster)
        if api is None:
            raise ApiError(412, "cluster is not ready")
        return cluster, api

    def _reachable(self, request: Request) -> tuple[Cluster, KubernetesApi]:
        """There are no credentials before the cluster is provisioned (digitalocean/doctl#399)."""
        cluster = self._cluster(request)
        api = self._api(cluster)
        if api is None:
            raise not_found()
        return cluster, api

    def _api(self, cluster: Cluster) -> KubernetesApi | None:
        return cluster.api if cluster.state(self._clock.now()) in {"running", "upgrading"} else None

    def _cluster(self, request: Request) -> Cluster:
        with self._lock:
            self._sweep()
            found = self.clusters.get(request.names["cluster_id"])
        if found is None:
            raise not_found()
        return found

    def _show(self, cluster: Cluster) -> dict[str, Any]:
        return cluster.show(self._clock.now(), self.going)

    def _delete(self, cluster: Cluster) -> None:
        if cluster.gone_at is None:
            cluster.gone_at = self._clock.now() + DELETING_SECONDS

    def _sweep(self) -> None:
        """Take away what has finished deleting, end upgrades."""
        now = self._clock.now()
        for cluster in list(self.clusters.values()):
            cluster.settle(now)
            if cluster.gone_at is not None and cluster.gone_at <= now:
                _end(cluster)
                del self.clusters[cluster.id]

    def _start(self, cluster: Cluster) -> None:
        try:
            cluster.api = self.start_api(cluster) if self.start_api else None
        except Exception as error:
            cluster.failure = str(error)


def _life(query: Mapping[str, Any]) -> timedelta:
    return timedelta(seconds=query["expiry_seconds"] or _WEEK)


def _end(cluster: Cluster) -> None:
    if cluster.api:
        cluster.api.close()
        cluster.api = None
