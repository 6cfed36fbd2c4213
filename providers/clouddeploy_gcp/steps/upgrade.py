"""A cluster's way to another Kubernetes version: the control plane, then each node pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clouddeploy.contract import State, Status, Step
from clouddeploy.errors import ConfigError, NotFoundError
from clouddeploy_gcp import choices
from clouddeploy_gcp.clusters import find, owned
from clouddeploy_gcp.errors import translated
from clouddeploy_gcp.records import GkeCluster, Pool, minor, ordered
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.naming import ABSENT, foreign
from clouddeploy_gcp.steps.operations import failure_of

_MAY_LAG = 2
"""Minor versions that nodes may be behind the control plane: google/gke-policy-automation#97."""

_ONE_WAY = "wait for it, or make a new cluster with the old version"


def needed(session: Session, name: str) -> GkeCluster:
    """The cluster, which must be there and ours."""
    cluster = find(session, name)
    if cluster is None:
        raise NotFoundError(
            f"there is no GKE cluster {name} in {session.region}",
            fix=f"clouddeploy cluster create --to {session.target.name}",
        )
    if not owned(cluster):
        raise foreign(f"the GKE cluster {name}", name, "change it with the tool that made it")
    return cluster


def upgrade(session: Session, name: str, wanted: str | None) -> Sequence[Step]:
    """Control plane first: GKE refuses nodes that are newer. It refuses nodes that are left behind, too.

    So pools that would be are brought to the control plane's present version before. Without a version,
    pools that lag are all that there is to do: an upgrade that was interrupted ends where it was to end.
    An Autopilot cluster's nodes follow by themselves.
    """
    cluster = needed(session, name)
    pools = _pools(cluster)
    target = _version(session, cluster, wanted)
    late = [one for one in pools if target != cluster.version and _behind(one, target) > _MAY_LAG]
    return (
        *(PoolUpgrade(session, name, one.name, cluster.version) for one in late),
        MasterUpgrade(session, name, target),
        *(PoolUpgrade(session, name, one.name, target) for one in pools),
    )


def next_version(session: Session, name: str) -> str:
    """The version that `upgrade` goes to when nobody says."""
    return _version(session, needed(session, name), None)


def _pools(cluster: GkeCluster) -> Sequence[Pool]:
    return () if cluster.autopilot else cluster.pools


def _version(session: Session, cluster: GkeCluster, wanted: str | None) -> str:
    lagging = any(_behind(one, cluster.version) for one in _pools(cluster))
    if wanted == cluster.version or (wanted is None and lagging):
        return cluster.version
    default, offered = choices.versions(session, cluster.location)
    return _target(cluster.version, wanted, default, offered)


def _behind(pool: Pool, version: str) -> int:
    """How many minor versions a pool is behind."""
    return ordered(version)[1] - ordered(pool.version or version)[1]


def _target(current: str, wanted: str | None, default: str, offered: Sequence[str]) -> str:
    """The version to go to; ConfigError for one back, or more than one minor ahead."""
    following = _following(current)
    if wanted is None:
        ahead = [one for one in offered if minor(one) == following]
        return _newest(*ahead, current, *(() if ahead else [default]))
    found = choices.version(wanted, default, offered)
    if minor(found) == minor(current) and wanted != found:
        return _newest(found, current)
    if ordered(found) < ordered(current):
        raise ConfigError(
            f"{current} runs already, and a control plane goes only forward",
            fix=f"use {minor(current)} or later",
        )
    if ordered(minor(found)) > ordered(following):
        raise ConfigError(
            f"from {minor(current)} to {minor(found)} is more than one minor version",
            fix=f"go to {following} first",
        )
    return found


def _newest(*versions: str) -> str:
    return sorted(versions, key=ordered)[-1]


def _following(version: str) -> str:
    major, number = ordered(minor(version))
    return f"{major}.{number + 1}"


class _Upgrade:
    """What the upgrade steps share: an operation that is followed."""

    def __init__(self, session: Session, cluster: str, version: str) -> None:
        self._session = session
        self._cluster = cluster
        self._version = version
        self._operation: tuple[str, str] | None = None

    def delete(self) -> None:
        """Raises ConfigError: there is no way back."""
        raise ConfigError("an upgrade cannot be taken back", fix=_ONE_WAY)

    def _judge(self, current: str, *, busy: bool) -> State:
        if ordered(current) >= ordered(self._version):
            return State(Status.READY, current)
        if self._operation:
            over, failure = failure_of(self._session, *self._operation)
            if failure:
                return State(Status.FAILED, failure)
            busy = busy or not over
        return State(Status.PENDING, f"from {current}") if busy else ABSENT

    def _start(self, method: str, cluster: GkeCluster, request: Mapping[str, object]) -> None:
        with translated(f"upgrade {self._cluster} to {self._version}"):
            answer = self._session.sdk.container(method, request)
        self._operation = (cluster.location, str(answer["name"]))

    def _name(self, cluster: GkeCluster) -> str:
        return f"{self._session.parent(cluster.location)}/clusters/{cluster.name}"


class MasterUpgrade(_Upgrade):
    """The control plane."""

    @property
    def title(self) -> str:
        return f"control plane of {self._cluster} at {self._version}"

    def state(self) -> State:
        cluster = needed(self._session, self._cluster)
        return self._judge(cluster.version, busy=cluster.status == "RECONCILING")

    def create(self) -> None:
        """TemporaryError while GKE works on the cluster."""
        cluster = needed(self._session, self._cluster)
        update = {"desired_master_version": self._version}
        self._start("update_cluster", cluster, {"name": self._name(cluster), "update": update})


class PoolUpgrade(_Upgrade):
    """The nodes of one pool, replaced one after the other."""

    def __init__(self, session: Session, cluster: str, pool: str, version: str) -> None:
        super().__init__(session, cluster, version)
        self._pool_name = pool

    @property
    def title(self) -> str:
        return f"nodes of {self._pool_name} at {self._version}"

    def state(self) -> State:
        cluster, pool = self._find()
        busy = "RECONCILING" in {cluster.status, pool.status}
        return self._judge(pool.version, busy=busy)

    def create(self) -> None:
        """TemporaryError while GKE works on the cluster."""
        cluster, pool = self._find()
        name = f"{self._name(cluster)}/nodePools/{pool.name}"
        request = {"name": name, "node_version": self._version, "image_type": "COS_CONTAINERD"}
        self._start("update_node_pool", cluster, request)

    def _find(self) -> tuple[GkeCluster, Pool]:
        cluster = needed(self._session, self._cluster)
        return cluster, pool_of(cluster, self._pool_name)


def pool_of(cluster: GkeCluster, name: str) -> Pool:
    """A node pool by name; NotFoundError for none."""
    found = next((one for one in cluster.pools if one.name == name), None)
    if found is None:
        raise NotFoundError(
            f"the GKE cluster {cluster.name} has no node pool {name}", fix="look at it in the console"
        )
    return found
