"""Another Kubernetes version for a cluster that runs."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.contract import State, Status, Step
from clouddeploy.errors import ConfigError, TemporaryError
from clouddeploy_digitalocean.clusters import one_of_ours, state_of
from clouddeploy_digitalocean.names import incomplete, nearest
from clouddeploy_digitalocean.records import Cluster, Version
from clouddeploy_digitalocean.session import Session


def next_version(session: Session, name: str) -> str:
    """The slug of the next version that DOKS offers for the cluster, its own when there is none."""
    cluster = one_of_ours(session, name)
    offered = _offered(session, cluster)
    return offered[0].slug if offered else cluster.version


def upgrade_steps(session: Session, name: str, wanted: str | None) -> Sequence[Step]:
    """The step to `wanted`, a minor or a slug, or to the next version offered for None.

    Raises ConfigError for a version that DOKS does not offer for the cluster: it goes one
    minor at a time.
    """
    cluster = one_of_ours(session, name)
    offered = _offered(session, cluster)
    if wanted is None:
        return (UpgradeStep(session, name, offered[0].slug),) if offered else ()
    fitting = [one for one in offered if wanted in (one.slug, one.minor, one.kubernetes)]
    if fitting:
        return (UpgradeStep(session, name, fitting[-1].slug),)
    if _runs(cluster, wanted):
        return ()
    raise _not_offered(cluster, wanted, offered)


class UpgradeStep:
    """READY once the cluster runs the version; there is no way back."""

    def __init__(self, session: Session, name: str, version: str) -> None:
        self._session = session
        self._name = name
        self._version = version
        self.title = f"Kubernetes {version}"

    def state(self) -> State:
        cluster = one_of_ours(self._session, self._name)
        state = state_of(cluster)
        if cluster.state == "upgrading":
            return State(Status.PENDING, state.detail)
        if state.status is Status.READY and cluster.version != self._version:
            return incomplete(f"runs {cluster.version}")
        return state

    def create(self) -> None:
        """TemporaryError while another upgrade is under way."""
        cluster = one_of_ours(self._session, self._name)
        if cluster.state == "upgrading":
            raise TemporaryError(f"the cluster {self._name} is being upgraded", fix="run it again")
        if cluster.version != self._version:
            self._session.api.upgrade(cluster, self._version)

    def delete(self) -> None:
        """Nothing: DOKS takes no version back."""


def _offered(session: Session, cluster: Cluster) -> list[Version]:
    """Oldest first."""
    return sorted(session.api.upgrades(cluster), key=lambda one: one.order)


def _runs(cluster: Cluster, wanted: str) -> bool:
    plain = cluster.version.partition("-")[0]
    return wanted in (cluster.version, plain, ".".join(plain.split(".")[:2]))


def _not_offered(cluster: Cluster, wanted: str, offered: Sequence[Version]) -> ConfigError:
    minors = list(dict.fromkeys(one.minor for one in offered))
    listing = f"offered: {', '.join(minors)}" if minors else "none is offered at the moment"
    return ConfigError(
        f"DOKS offers no upgrade of {cluster.name} from {cluster.version} to {wanted}",
        fix=f"{nearest(wanted, minors)}{listing}; it goes one minor at a time",
    )
