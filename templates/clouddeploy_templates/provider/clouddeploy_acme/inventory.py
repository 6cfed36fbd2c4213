"""What the account may have: machine types with their sizes, and quotas."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from clouddeploy.contract import MachineType, Quota

from .session import Session


class AcmeInventory:
    """Each call is one read; `compare --live` prefers what it says to its own tables."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def machines(self) -> Sequence[MachineType]:
        found = self._session.api.call("GET", "/v1/machines")
        return [MachineType(one["name"], one["cpus"], Decimal(one["gib"])) for one in found]

    def quotas(self) -> Sequence[Quota]:
        found = self._session.api.call("GET", "/v1/quotas")
        return [Quota("nodes", found["nodes"], found["used"], counts="nodes")]
