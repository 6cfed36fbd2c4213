"""The number of a cluster's nodes."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.contract import State, Status, Step
from clouddeploy.errors import ConfigError, PreconditionError
from clouddeploy_digitalocean.clusters import alive, one_of_ours
from clouddeploy_digitalocean.names import POOL, checked, incomplete
from clouddeploy_digitalocean.records import Cluster, Pool
from clouddeploy_digitalocean.session import Session


class DoksNodes:
    """Changes the count of the node pool that we made."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def scale(self, name: str, count: int) -> Sequence[Step]:
        """One step; ConfigError for less than one node."""
        if count < 1:
            raise ConfigError("a DOKS cluster needs at least 1 node", fix="ask for 1 node or more")
        self._session.identity()
        return (ScaleStep(self._session, checked(name), count),)


class ScaleStep:
    """READY once as many nodes run as were asked for."""

    def __init__(self, session: Session, name: str, count: int) -> None:
        self._session = session
        self._name = name
        self._count = count
        self.title = f"{count} nodes"

    def state(self) -> State:
        pool = _pool(one_of_ours(self._session, self._name))
        if pool.count != self._count:
            return incomplete(f"{pool.count} nodes")
        ready = pool.there == pool.running == self._count
        return State(Status.READY if ready else Status.PENDING, f"{pool.running} of {self._count} nodes run")

    def create(self) -> None:
        cluster = one_of_ours(self._session, self._name)
        pool = _pool(cluster)
        if pool.count == self._count:
            return
        self._check_room(self._count - pool.count)
        body = {"name": pool.name, "count": self._count, "auto_scale": False}
        self._session.api.scale(cluster, pool.id, body)

    def delete(self) -> None:
        """Nothing: a cluster has as many nodes as it has."""

    def _check_room(self, more: int) -> None:
        limit = self._session.account.droplet_limit
        used = sum(cluster.nodes for cluster in alive(self._session))
        if more > 0 and limit and used + more > limit:
            raise PreconditionError(
                f"{more} more nodes do not fit: the account's Droplet limit is {limit} and {used} are used",
                fix="raise the Droplet limit at https://cloud.digitalocean.com/account/team",
            )


def _pool(cluster: Cluster) -> Pool:
    named = [pool for pool in cluster.pools if pool.name == POOL] or list(cluster.pools)
    if len(named) == 1:
        return named[0]
    raise ConfigError(
        f"the cluster {cluster.name} has no single node pool {POOL}",
        fix=f"scale a pool yourself: doctl kubernetes cluster node-pool update {cluster.name} POOL --count N",
    )
