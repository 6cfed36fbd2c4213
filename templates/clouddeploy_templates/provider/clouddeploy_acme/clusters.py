"""Acme's Kubernetes clusters: listed, and reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from clouddeploy.contract import OWNER_TAG, Cluster, KubeAccess, Secret, State, Status, Token
from clouddeploy.errors import ForeignResourceError, NotFoundError, TemporaryError

from .session import Session

_STATUS = {"running": Status.READY, "error": Status.FAILED}


class AcmeClusters:
    """The clusters of the account."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> Sequence[Cluster]:
        """Ours and everybody else's."""
        return [_cluster(record) for record in self._session.api.call("GET", "/v1/clusters")]

    def access(self, name: str) -> KubeAccess:
        """Raises NotFoundError, and TemporaryError for a cluster that does not run yet."""
        record = find(self._session, name)
        if record is None:
            raise NotFoundError(f"there is no Acme cluster {name}", fix="clouddeploy cluster create")
        if record["status"] != "running":
            raise TemporaryError(
                f"the Acme cluster {name} is {record['status']}", fix="try again in a minute"
            )
        ours = record["tags"].get(OWNER_TAG) == name
        return KubeAccess(record["endpoint"], record["ca"], lambda: self._token(name), owned=ours)

    def _token(self, name: str) -> Token:
        made = self._session.api.call("GET", f"/v1/clusters/{name}/token")
        return Token(Secret(made["token"]), datetime.fromisoformat(made["expires"]))


def find(session: Session, name: str) -> Mapping[str, Any] | None:
    """What Acme says of a cluster, whoever made it."""
    record: Mapping[str, Any] | None = session.api.find(f"/v1/clusters/{name}")
    return record


def find_ours(session: Session, name: str) -> Mapping[str, Any] | None:
    """As `find`. Raises ForeignResourceError when the cluster lacks our tag."""
    record = find(session, name)
    if record and record["tags"].get(OWNER_TAG) != name:
        raise ForeignResourceError(
            f"cluster {name} was not made by clouddeploy", fix="choose another name, or use it as existing"
        )
    return record


def state_of(record: Mapping[str, Any] | None) -> State:
    """A cluster's state in Acme's words."""
    if record is None:
        return State(Status.ABSENT)
    return State(_STATUS.get(record["status"], Status.PENDING), record["status"])


def _cluster(record: Mapping[str, Any]) -> Cluster:
    name = record["name"]
    owned = record["tags"].get(OWNER_TAG) == name
    return Cluster(name, state_of(record), record["version"], record["endpoint"], owned)
