"""The cluster may pull from the private registry: DOKS puts the pull secret into every namespace."""

from __future__ import annotations

from typing import Protocol

from clouddeploy.contract import State, Status
from clouddeploy.errors import CredentialsError, NotFoundError, TemporaryError
from clouddeploy_digitalocean.clusters import is_going, state_of
from clouddeploy_digitalocean.names import ABSENT
from clouddeploy_digitalocean.records import Cluster
from clouddeploy_digitalocean.registry import DocrRegistry
from clouddeploy_digitalocean.session import Session


class Finder(Protocol):
    """Knows the cluster that is meant: our own, or the one that a target uses."""

    def find(self) -> Cluster | None: ...


class IntegrationStep:
    """DOKS does it only for a cluster that runs. Adds a registry to those that the cluster has.

    READY once DOKS lists it; how many seconds later the pull secret is in every namespace is UNVERIFIED.
    """

    title = "pulling from the registry"

    def __init__(self, session: Session, cluster: Finder, registry: DocrRegistry) -> None:
        self._session = session
        self._cluster = cluster
        self._registry = registry
        self._unwanted = False

    def state(self) -> State:
        """On its way while the cluster is, unless it is being taken away."""
        cluster = self._cluster.find()
        if cluster is None or is_going(cluster):
            return ABSENT
        if self._integrated(cluster):
            return State(Status.READY, self._registry.name)
        if state_of(cluster).status is Status.PENDING and not self._unwanted:
            return State(Status.PENDING, "waits for the cluster")
        return ABSENT

    def create(self) -> None:
        self._unwanted = False
        cluster = self._cluster.find()
        if cluster is None:
            raise TemporaryError("the cluster is not there yet", fix="run it again")
        self._registry.make()
        try:
            self._session.api.integrate(cluster, self._registry.name)
        except CredentialsError as error:
            raise CredentialsError(error.message, fix=by_hand(cluster), code=error.code) from error

    def delete(self) -> None:
        self._unwanted = True
        cluster = self._cluster.find()
        if cluster is None or not self._integrated(cluster):
            return
        try:
            self._session.api.separate(cluster, self._registry.name)
        except NotFoundError:
            return

    def _integrated(self, cluster: Cluster) -> bool:
        if cluster.registries:
            return self._registry.name in cluster.registries
        return cluster.registry_enabled


def by_hand(cluster: Cluster) -> str:
    """For somebody with another token; source: doctl's reference, `kubernetes cluster registry add`."""
    return f"doctl kubernetes cluster registry add {cluster.id}"
