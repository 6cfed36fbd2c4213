"""Worker nodes of Standard clusters."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.contract import Step
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.scale import scale


class GkeNodes:
    """Changes the size of the node pool that clouddeploy made."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def scale(self, name: str, count: int) -> Sequence[Step]:
        """ConfigError for an Autopilot cluster and for a count that its zones cannot share evenly."""
        return scale(self._session, name, count)
