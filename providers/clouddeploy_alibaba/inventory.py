"""What an Alibaba Cloud account may have: the instance types in stock in the region, ACK's quotas."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from clouddeploy.contract import MachineType, Quota
from clouddeploy_alibaba.machines import Machine
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.wishes import Wishes, count_clusters, quota


class AlibabaInventory:
    """Reads ECS's DescribeAvailableResource and ACK's quotas."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def machines(self) -> Sequence[MachineType]:
        """The x86 types in stock whose names say their size."""
        offered = Wishes(self._session, self._session.target.cluster).offered
        found = [machine for machine in map(Machine.parse, sorted(offered)) if machine]
        return [MachineType(one.name, one.cpus, Decimal(one.memory)) for one in found]

    def quotas(self) -> Sequence[Quota]:
        """Clusters of the account, and nodes in each of them."""
        limits = quota(self._session)
        clusters, nodes = limits.get("cluster_quota"), limits.get("node_quota")
        return [
            Quota("ACK clusters", clusters, count_clusters(self._session)),
            Quota("nodes in a cluster", nodes, 0, "nodes"),
        ]
