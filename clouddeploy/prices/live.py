"""What an account and its cluster have said: it wins over formulas and catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clouddeploy.prices.allocatable import Room
from clouddeploy.seam.account import MachineType, Quota


@dataclass(frozen=True)
class Live:
    """One target's answers. `machines` are the types offered in `region`, empty when that was not told.

    `rooms` is what a node of a type leaves before its DaemonSets run, `daemons` what those take.
    """

    target: str
    provider: str
    region: str
    machines: Mapping[str, MachineType] = field(default_factory=dict)
    quotas: Sequence[Quota] = ()
    rooms: Mapping[str, Room] = field(default_factory=dict)
    daemons: Room | None = None
    nodes: int = 0

    def offers(self, name: str, region: str) -> bool:
        """Whether a type can be had in a region; True where nothing is known of it."""
        return region != self.region or not self.machines or name in self.machines

    def short(self, cpus: int, nodes: int) -> Sequence[str]:
        """A sentence for each quota that so many vCPUs and nodes would exceed."""
        wanted = {"cpus": cpus, "nodes": nodes}
        return [
            f"needs {wanted[one.counts]} {one.what}: the quota is {one.limit}, {one.used or 0} are used"
            for one in self.quotas
            if one.counts in wanted and one.limit is not None
            if wanted[one.counts] + (one.used or 0) > one.limit
        ]
