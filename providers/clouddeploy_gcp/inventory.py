"""What a Google Cloud project may have: the machine types of the target's zone, the region's quotas."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from clouddeploy.contract import MachineType, Quota
from clouddeploy_gcp import choices
from clouddeploy_gcp.compute import Compute
from clouddeploy_gcp.session import Session

_QUOTAS = {"CPUS": "cpus", "INSTANCES": "nodes", "IN_USE_ADDRESSES": "nodes", "SSD_TOTAL_GB": ""}
"""What nodes use up of a region's quotas, and how they are counted."""


class GcpInventory:
    """Reads the region, its zones and their machine types from Compute Engine."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def machines(self) -> Sequence[MachineType]:
        """The machine types of the zone that the nodes would be in."""
        compute = Compute(self._session)
        zone = choices.zones_of(self._session, compute.region(), compute)[0]
        return [
            MachineType(
                one.name,
                one.cpus,
                Decimal(one.memory) / 1024,
                "arm64" if one.architecture == "ARM64" else "amd64",
            )
            for one in compute.machines(zone)
        ]

    def quotas(self) -> Sequence[Quota]:
        """The region's quotas for CPUs, instances, addresses and disks."""
        region = Compute(self._session).region()
        return [
            Quota(f"{name} in {region.name}", int(limit), int(used), _QUOTAS[name])
            for name, (limit, used) in region.quotas.items()
            if name in _QUOTAS
        ]
