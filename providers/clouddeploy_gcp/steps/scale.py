"""The size of the node pool."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.contract import State, Status, Step
from clouddeploy.errors import ConfigError
from clouddeploy_gcp import choices
from clouddeploy_gcp.compute import Compute
from clouddeploy_gcp.errors import translated
from clouddeploy_gcp.records import GkeCluster, Pool
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.naming import POOL, incomplete
from clouddeploy_gcp.steps.operations import failure_of
from clouddeploy_gcp.steps.upgrade import needed, pool_of


def scale(session: Session, name: str, count: int) -> Sequence[Step]:
    """One step. GKE counts by zone, so `count` must be a multiple of the pool's zones."""
    cluster = needed(session, name)
    if cluster.autopilot:
        raise ConfigError(
            f"{name} is an Autopilot cluster: GKE makes its nodes as pods need them",
            fix="change replicas of the services instead",
        )
    if count < 0:
        raise ConfigError(f"{count} nodes are less than none", fix="use 0 or more")
    zones = len(pool_of(cluster, POOL).zones) or 1
    if count % zones:
        below = count // zones * zones
        raise ConfigError(
            f"{name} has nodes in {zones} zones, {count} cannot be spread evenly",
            fix=f"use {below or zones} or {below + zones}",
        )
    return (ScaleStep(session, name, count),)


class ScaleStep:
    """The pool has this many nodes."""

    def __init__(self, session: Session, cluster: str, count: int) -> None:
        self._session = session
        self._cluster = cluster
        self._count = count
        self._operation: tuple[str, str] | None = None
        self.title = f"{count} nodes in {cluster}"

    def state(self) -> State:
        """What the instance groups are told to have: a pool's own count says how it began."""
        cluster, pool = self._find()
        if self._operation:
            over, failure = failure_of(self._session, *self._operation)
            if failure:
                return State(Status.FAILED, failure)
            if not over:
                return State(Status.PENDING, pool.status)
        have = self._have(pool)
        if have == self._count:
            busy = "RECONCILING" in {cluster.status, pool.status}
            return State(Status.PENDING if busy else Status.READY, f"{have} nodes")
        return incomplete(f"{have} nodes")

    def create(self) -> None:
        """PreconditionError for a quota; TemporaryError while GKE works on the cluster."""
        cluster, pool = self._find()
        self._check_quota(pool)
        name = f"{self._session.parent(cluster.location)}/clusters/{cluster.name}/nodePools/{pool.name}"
        size = self._count // (len(pool.zones) or 1)
        with translated(f"change {self._cluster} to {self._count} nodes"):
            answer = self._session.sdk.container("set_node_pool_size", {"name": name, "node_count": size})
        self._operation = (cluster.location, str(answer["name"]))

    def delete(self) -> None:
        """Raises ConfigError: a size has no opposite."""
        raise ConfigError("a number of nodes cannot be deleted", fix="scale to another number")

    def _find(self) -> tuple[GkeCluster, Pool]:
        cluster = needed(self._session, self._cluster)
        return cluster, pool_of(cluster, POOL)

    def _have(self, pool: Pool) -> int:
        compute = Compute(self._session)
        return sum(compute.group_size(url) for url in pool.groups)

    def _check_quota(self, pool: Pool) -> None:
        more = self._count - self._have(pool)
        if more <= 0 or not pool.zones:
            return
        compute = Compute(self._session)
        machine = next((one for one in compute.machines(pool.zones[0]) if one.name == pool.machine), None)
        if machine:
            choices.check_quota(compute.region(), choices.needed(machine, more))
