"""What can be known before the first write: what is offered, and whether there is room for it."""

from __future__ import annotations

from functools import cached_property

from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import PreconditionError
from clouddeploy_digitalocean.choose import Choice, choose
from clouddeploy_digitalocean.clusters import alive, ours
from clouddeploy_digitalocean.registry import DocrRegistry
from clouddeploy_digitalocean.session import Session


class Preflight:
    """Asked once for all steps of a cluster."""

    def __init__(self, session: Session, spec: ClusterSpec, registry: DocrRegistry) -> None:
        self._session = session
        self._spec = spec
        self._registry = registry

    @cached_property
    def choice(self) -> Choice:
        """ConfigError for a version, size or region that is not offered."""
        api = self._session.api
        return choose(self._spec, self._session.region, api.offer(), api.sizes())

    def check(self) -> None:
        """Raises what creating the cluster would fail with, and the registry that it pulls from."""
        account = self._session.account
        if account.status == "locked":
            raise PreconditionError(
                f"the DigitalOcean account is locked: {account.status_message or 'no reason given'}",
                fix="https://cloud.digitalocean.com/account/billing",
            )
        self._check_room(self.choice.count)
        self._registry.check()

    def _check_room(self, count: int) -> None:
        """Counts the nodes of all clusters: other Droplets only DigitalOcean counts, with the same words."""
        clusters = alive(self._session)
        if ours(clusters, self._spec.name):
            return
        used = sum(cluster.nodes for cluster in clusters)
        limit = self._session.account.droplet_limit
        if limit and used + count > limit:
            raise PreconditionError(
                f"{count} nodes do not fit: the account's Droplet limit is {limit} "
                f"and other clusters have {used}",
                fix="raise the Droplet limit at https://cloud.digitalocean.com/account/team, "
                "or ask for fewer nodes",
            )
