"""A newer Kubernetes version: first the control plane, then the nodes.

ACK goes one minor version at a time. Source: ACK documentation, "Upgrade clusters".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError
from clouddeploy_alibaba.records import AckCluster, Task, tasks
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.control_plane import find_ours
from clouddeploy_alibaba.steps.naming import ABSENT
from clouddeploy_alibaba.steps.node_pool import NodePool, find_pool, needed
from clouddeploy_alibaba.wishes import minor, ordered, versions

CLUSTER_TASK, POOL_TASK = "cluster_upgrade", "nodepool_upgrade"
_PARALLEL = 1
"""Nodes that are taken out of service at once."""


class Upgrade:
    """What one cluster is upgraded to; decided once, when the steps are made."""

    def __init__(self, session: Session, name: str, wanted: str | None) -> None:
        self.session = session
        self.name = name
        self._wanted = wanted

    @cached_property
    def version(self) -> str:
        """The full version; ConfigError when ACK does not offer the wanted one from here."""
        cluster = self.cluster()
        if cluster is None:
            raise NotFoundError(
                f"there is no ACK cluster {self.name} in {self.session.region}",
                fix="clouddeploy cluster create",
            )
        offered = versions(self.session, current=cluster.version)
        if self._wanted is None:
            return cluster.next_version or (offered[-1] if offered else cluster.version)
        if self._wanted in {cluster.version, minor(cluster.version)}:
            return cluster.version
        for version in offered:
            if self._wanted in {version, minor(version)}:
                return version
        raise self._not_offered(cluster, offered)

    def check(self) -> None:
        """Raise what `version` raises."""
        _ = self.version

    def cluster(self) -> AckCluster | None:
        return find_ours(self.session, self.name)

    def _not_offered(self, cluster: AckCluster, offered: Sequence[str]) -> ConfigError:
        found = ", ".join(minor(version) for version in offered)
        return ConfigError(
            f"ACK does not upgrade {self.name} from {cluster.version} to {self._wanted}",
            fix=f"use {found}; ACK goes one minor version at a time"
            if found
            else "it runs the newest already",
        )


class ControlPlaneUpgrade:
    """The control plane runs the wanted version."""

    def __init__(self, upgrade: Upgrade) -> None:
        self._upgrade = upgrade
        self.title = f"control plane to {upgrade.version}"

    def state(self) -> State:
        cluster = self._upgrade.cluster()
        if cluster is None:
            return ABSENT
        if cluster.state != "running":
            return State(Status.PENDING, cluster.state)
        if ordered(cluster.version) >= ordered(self._upgrade.version):
            return State(Status.READY, cluster.version)
        return State(Status.ABSENT, f"runs {cluster.version}")

    def create(self) -> None:
        upgrade = self._upgrade
        cluster = needed(upgrade.session, upgrade.name)
        if ordered(cluster.version) >= ordered(upgrade.version):
            return
        upgrade.session.sdk.ack(
            f"upgrade {upgrade.name} to {upgrade.version}",
            "upgrade_cluster",
            cluster.id,
            body={"next_version": upgrade.version, "master_only": True},
        )

    def delete(self) -> None:
        raise _one_way()


class NodesUpgrade:
    """The nodes run what the control plane runs.

    ACK tells no node pool's version: it is behind when the control plane was upgraded after the pool
    was made or upgraded last, as ACK's tasks say.
    """

    def __init__(self, upgrade: Upgrade) -> None:
        self._upgrade = upgrade
        self.title = f"nodes to {upgrade.version}"

    def state(self) -> State:
        cluster = self._upgrade.cluster()
        pool = find_pool(self._upgrade.session, cluster) if cluster else None
        if cluster is None or pool is None:
            return ABSENT
        done = tasks(self._upgrade.session, cluster)
        if pool.state != "active" or any(task.running and task.type == POOL_TASK for task in done):
            return State(Status.PENDING, f"{pool.name} {pool.state}")
        if ordered(cluster.version) < ordered(self._upgrade.version) or _behind(pool, done):
            return State(Status.ABSENT, f"{pool.name} runs an older version")
        return State(Status.READY, cluster.version)

    def create(self) -> None:
        upgrade = self._upgrade
        cluster = needed(upgrade.session, upgrade.name)
        pool = find_pool(upgrade.session, cluster)
        if pool is None or not _behind(pool, tasks(upgrade.session, cluster)):
            return
        upgrade.session.sdk.ack(
            f"upgrade the nodes of {upgrade.name} to {upgrade.version}",
            "upgrade_cluster_nodepool",
            cluster.id,
            pool.id,
            body={
                "kubernetes_version": upgrade.version,
                "rolling_policy": {"max_parallelism": _PARALLEL, "pause_policy": "NotPause"},
            },
        )

    def delete(self) -> None:
        raise _one_way()


def _behind(pool: NodePool, done: Sequence[Task]) -> bool:
    """Whether the control plane went ahead of the pool. `done` is oldest first."""
    ended = [task for task in done if task.state == "success"]
    ahead = [
        index for index, task in enumerate(ended) if task.type == CLUSTER_TASK and task.created > pool.created
    ]
    followed = [index for index, task in enumerate(ended) if task.type == POOL_TASK]
    return bool(ahead) and (not followed or followed[-1] < ahead[-1])


def _one_way() -> CloudDeployError:
    return CloudDeployError("an upgrade cannot be taken back", fix="make a new cluster of the older version")
