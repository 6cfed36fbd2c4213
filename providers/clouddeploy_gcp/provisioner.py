"""Making, upgrading and deleting a GKE cluster with what it needs, as steps."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.contract import ClusterSpec, Cost, Leftover, Step
from clouddeploy_gcp.costs import costs
from clouddeploy_gcp.leftovers import leftovers
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.apis import ApisStep, missing
from clouddeploy_gcp.steps.control_plane import ClusterStep
from clouddeploy_gcp.steps.naming import checked
from clouddeploy_gcp.steps.repository import RepositoryStep
from clouddeploy_gcp.steps.upgrade import next_version, upgrade


class GkeProvisioner:
    """GKE: Autopilot, or Standard when the target says anything about nodes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def steps(self, spec: ClusterSpec) -> Sequence[Step]:
        """APIs where one is missing, the image repository, the cluster.

        Asks who the credentials belong to: CredentialsError for none, before any write. ConfigError
        for a name that GKE would refuse.
        """
        checked(spec.name)
        self._session.identity()
        apis = (ApisStep(self._session),) if missing(self._session) else ()
        cluster = ClusterStep(self._session, spec)
        return (*apis, RepositoryStep(self._session, spec.name, before=cluster.check), cluster)

    def check(self, spec: ClusterSpec) -> None:
        """As `ClusterStep.check`; nothing where an API is missing that would have to be asked."""
        if not missing(self._session):
            ClusterStep(self._session, spec).check()

    def upgrade(self, name: str, version: str | None) -> Sequence[Step]:
        """The control plane, then the node pool; NotFoundError for no cluster of this name."""
        return upgrade(self._session, name, version)

    def next_version(self, name: str) -> str:
        """The newest of the next minor that the regular channel offers, or where nodes lag behind to."""
        return next_version(self._session, name)

    def costs(self, spec: ClusterSpec) -> Sequence[Cost]:
        """From the dated list in `costs`; asks nothing."""
        return costs(spec, self._session.region)

    def leftovers(self, name: str) -> Sequence[Leftover]:
        """What the cluster's controllers made and deleting the cluster did not take away."""
        return leftovers(self._session, name)
