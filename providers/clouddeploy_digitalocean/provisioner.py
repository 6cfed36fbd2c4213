"""Making, upgrading and deleting a DOKS cluster with everything it needs, as steps."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.contract import ClusterSpec, Cost, Leftover, Step
from clouddeploy_digitalocean.clusters import find_ours
from clouddeploy_digitalocean.costs import costs
from clouddeploy_digitalocean.leftovers import leftovers
from clouddeploy_digitalocean.names import checked
from clouddeploy_digitalocean.registry import DocrRegistry
from clouddeploy_digitalocean.session import Session
from clouddeploy_digitalocean.steps.cluster import ClusterStep
from clouddeploy_digitalocean.steps.integration import IntegrationStep
from clouddeploy_digitalocean.steps.preflight import Preflight
from clouddeploy_digitalocean.steps.upgrade import next_version, upgrade_steps
from clouddeploy_digitalocean.steps.vpc import VpcStep


class DoksProvisioner:
    """DOKS in a VPC of its own, allowed to pull from the target's registry."""

    def __init__(self, session: Session, registry: DocrRegistry) -> None:
        self._session = session
        self._registry = registry

    def steps(self, spec: ClusterSpec) -> Sequence[Step]:
        """VPC, cluster, registry integration.

        Asks whom the token belongs to: CredentialsError for the wrong account, before any
        write. ConfigError for a name that DOKS would refuse.
        """
        checked(spec.name)
        self._session.identity()
        preflight = Preflight(self._session, spec, self._registry)
        vpc = VpcStep(self._session, spec.name, preflight)
        cluster = ClusterStep(self._session, spec.name, vpc, preflight)
        return (vpc, cluster, IntegrationStep(self._session, cluster, self._registry))

    def check(self, spec: ClusterSpec) -> None:
        """As `Preflight.check`."""
        if not find_ours(self._session, spec.name):
            Preflight(self._session, spec, self._registry).check()

    def upgrade(self, name: str, version: str | None) -> Sequence[Step]:
        """One step to a version that DOKS offers for the cluster; none when it is there already."""
        self._session.identity()
        return upgrade_steps(self._session, checked(name), version)

    def next_version(self, name: str) -> str:
        """The next version that DOKS offers for the cluster, as a slug."""
        return next_version(self._session, checked(name))

    def costs(self, spec: ClusterSpec) -> Sequence[Cost]:
        """What the cluster would cost, from the price list in `costs`."""
        return costs(spec, self._session.target.registry.get("tier", ""))

    def leftovers(self, name: str) -> Sequence[Leftover]:
        """Load balancers and volumes of the cluster, also when it is long gone."""
        return leftovers(self._session, name)
