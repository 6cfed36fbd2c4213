"""The DOKS cluster with its one node pool: control plane and nodes come in one call."""

from __future__ import annotations

from typing import Any

from clouddeploy.contract import State, Status
from clouddeploy.errors import ConfigError, NotFoundError, TemporaryError
from clouddeploy_digitalocean.clusters import GONE, find_ours, is_going, state_of
from clouddeploy_digitalocean.errors import NOTHING_DONE
from clouddeploy_digitalocean.names import ABSENT, POOL, incomplete, marked_ids, owner_tag
from clouddeploy_digitalocean.records import Associated, Cluster
from clouddeploy_digitalocean.session import Session
from clouddeploy_digitalocean.steps.preflight import Preflight
from clouddeploy_digitalocean.steps.vpc import VpcStep


class ClusterStep:
    """Found by its tag. The API has no idempotency key: every create looks before and after."""

    title = "control plane and nodes"

    def __init__(self, session: Session, name: str, vpc: VpcStep, preflight: Preflight) -> None:
        self._session = session
        self._name = name
        self._vpc = vpc
        self._preflight = preflight
        self._made: str | None = None

    def state(self) -> State:
        """While the VPC has not noted the cluster's id, it is half-made."""
        cluster = self.find()
        if cluster is None:
            return ABSENT
        state = state_of(cluster)
        if is_going(cluster) or state.status is Status.FAILED:
            return state
        vpc = self._vpc.find()
        if vpc and cluster.id not in marked_ids(vpc.description):
            return incomplete(f"the VPC does not know the cluster {cluster.id}")
        return self._ready(cluster) if state.status is Status.READY else state

    def create(self) -> None:
        """Returns also when it is in doubt whether DigitalOcean made the cluster.

        Whoever runs the step looks for some seconds before trying again, which is what a list that
        lags behind and a reply that was lost both need: raising would ask for a second try at once.
        """
        cluster = self.find() or self._make()
        if cluster:
            self._vpc.remember(cluster.id)

    def delete(self) -> None:
        """Takes the cluster's load balancers and volumes along; its snapshots stay."""
        for cluster in find_ours(self._session, self._name):
            if not is_going(cluster):
                self._vpc.remember(cluster.id)
                self._destroy(cluster)

    def find(self) -> Cluster | None:
        """The oldest of ours; ForeignResourceError when the name is somebody else's."""
        found = find_ours(self._session, self._name)
        if found or self._made is None:
            return found[0] if found else None
        made = self._session.api.cluster(self._made)  # made by us, and not listed yet
        return made if made and made.state != GONE else None

    def _make(self) -> Cluster | None:
        """None when it is in doubt."""
        self._preflight.check()
        vpc = self._vpc.find()
        if vpc is None:
            raise TemporaryError("the VPC is not there yet", fix="run it again")
        try:
            cluster = self._session.api.create_cluster(self._request(vpc.id))
        except TemporaryError as error:
            if error.code in NOTHING_DONE:
                raise
            return self.find()
        self._made = cluster.id
        return cluster

    def _request(self, vpc_id: str) -> dict[str, Any]:
        """Every switch that costs money is sent: `ha` is on by default from 1.36 and cannot be taken back."""
        choice = self._preflight.choice
        tag = owner_tag(self._name)
        return {
            "name": self._name,
            "region": choice.region,
            "version": choice.version,
            "vpc_uuid": vpc_id,
            "tags": [tag],
            "ha": choice.ha,
            "auto_upgrade": False,
            "surge_upgrade": True,
            "node_pools": [
                {
                    "name": POOL,
                    "size": choice.size,
                    "count": choice.count,
                    "auto_scale": False,
                    "tags": [tag],
                }
            ],
        }

    def _ready(self, cluster: Cluster) -> State:
        with_it = describe(self._session.api.associated(cluster))
        told = state_of(cluster).detail
        return State(Status.READY, f"{told}; deleting it also deletes {with_it}" if with_it else told)

    def _destroy(self, cluster: Cluster) -> None:
        found = self._session.api.associated(cluster)
        body = {
            "load_balancers": [one for one, _ in found.load_balancers],
            "volumes": [one for one, _ in found.volumes],
            "volume_snapshots": [],
        }
        try:
            self._session.api.destroy(cluster, body)
        except NotFoundError:
            return
        except ConfigError as error:
            if self._session.api.associated(cluster) == found:
                raise
            # Its controllers made or deleted something in between.
            raise TemporaryError(error.message, fix="run it again", code=error.code) from error


def describe(found: Associated) -> str:
    """What goes with a cluster, in words; empty for nothing."""
    balancers = [f"the load balancer {name}" for _, name in found.load_balancers]
    return ", ".join([*balancers, *(f"the volume {name}" for _, name in found.volumes)])
