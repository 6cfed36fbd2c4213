"""How many worker nodes a cluster has."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.contract import Step

from .provisioner import SettingStep
from .session import Session


class AcmeNodes:
    """Acme counts nodes; leave this facet out for a cloud that makes them as pods need them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def scale(self, name: str, count: int) -> Sequence[Step]:
        return (SettingStep(self._session, name, "nodes", count),)
