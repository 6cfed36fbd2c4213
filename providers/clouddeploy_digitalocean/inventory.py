"""What a DigitalOcean team may have: the sizes that DOKS takes in the region, and the Droplet limit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from clouddeploy.contract import MachineType, Quota
from clouddeploy_digitalocean.clusters import alive
from clouddeploy_digitalocean.session import Session


class DoInventory:
    """Reads GET /v2/sizes, /v2/kubernetes/options and /v2/account."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def machines(self) -> Sequence[MachineType]:
        """The sizes that DOKS offers in the target's region."""
        offered, region = self._session.api.offer().sizes, self._session.region
        return [
            MachineType(size.slug, size.cpus, Decimal(size.memory) / 1024)
            for size in self._session.api.sizes()
            if region in size.regions and size.slug in offered and not size.gpu
        ]

    def quotas(self) -> Sequence[Quota]:
        """The Droplet limit; Droplets outside of clusters are not counted as used."""
        used = sum(one.nodes for one in alive(self._session))
        return [Quota("Droplets", self._session.account.droplet_limit, used, "nodes")]
