"""A node pool with another number of nodes."""

from __future__ import annotations

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.control_plane import find_ours
from clouddeploy_alibaba.steps.naming import ABSENT
from clouddeploy_alibaba.steps.node_pool import find_pool, needed


class ScaleStep:
    """The pool's desired size, which ACK keeps; `ScaleClusterNodePool` would add nodes at every repeat."""

    def __init__(self, session: Session, name: str, count: int) -> None:
        self._session = session
        self._name = name
        self._count = count
        self.title = f"{count} nodes"

    def state(self) -> State:
        cluster = find_ours(self._session, self._name)
        pool = find_pool(self._session, cluster) if cluster else None
        if pool is None:
            return ABSENT
        if pool.desired != self._count:
            return State(Status.ABSENT, f"{pool.desired} nodes are wished so far")
        return pool.status()

    def create(self) -> None:
        cluster = needed(self._session, self._name)
        pool = find_pool(self._session, cluster)
        if pool is None:
            raise NotFoundError(
                f"the cluster {self._name} has no node pool of ours", fix="clouddeploy cluster create"
            )
        if pool.desired != self._count:
            self._session.sdk.ack(
                f"give {self._name} {self._count} nodes",
                "modify_cluster_node_pool",
                cluster.id,
                pool.id,
                body={"scaling_group": {"desired_size": self._count}},
            )

    def delete(self) -> None:
        raise CloudDeployError("a number of nodes cannot be deleted", fix="scale to another number")
