"""How many nodes a cluster has."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.contract import Step
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.scale import ScaleStep
from clouddeploy_alibaba.wishes import checked_count


class AckNodes:
    """The one node pool that clouddeploy makes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def scale(self, name: str, count: int) -> Sequence[Step]:
        """One step; ConfigError for a number that ACK would refuse."""
        checked_count(count)
        self._session.identity()
        return (ScaleStep(self._session, name, count),)
