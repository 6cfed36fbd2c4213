"""Finds out what is missing before a command does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clouddeploy.contract import Check
from clouddeploy.errors import CloudDeployError

from .clusters import find
from .session import Session


class AcmeDoctor:
    """Each check is one read."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def checks(self) -> Sequence[Callable[[], Check]]:
        return (self._credentials, self._cluster)

    def policy(self) -> str:
        return "scopes of the token: account:read clusters:write registry:write"

    def start(self) -> str:
        return (
            "1. sign up: https://acme.example/sign-up\n"
            "2. make a token: https://console.acme.example/tokens\n"
            "3. export ACME_TOKEN=…"
        )

    def _credentials(self) -> Check:
        try:
            who = self._session.identity()
        except CloudDeployError as error:
            return Check("credentials", ok=False, detail=error.message, fix=error.fix)
        return Check("credentials", ok=True, detail=f"{who.principal} of account {who.account}")

    def _cluster(self) -> Check:
        name = self._session.target.cluster.name
        try:
            record = find(self._session, name)
        except CloudDeployError as error:
            return Check("cluster", ok=False, detail=error.message, fix=error.fix)
        if record is None:
            return Check("cluster", ok=None, detail=f"{name} is not there", fix="clouddeploy cluster create")
        return Check("cluster", ok=record["status"] == "running", detail=f"{name} is {record['status']}")
