"""The services that a project must have switched on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, CredentialsError, TemporaryError
from clouddeploy_gcp.errors import DISABLED, NO_QUOTA_PROJECT, translated
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.naming import ABSENT, incomplete

NEEDED = ("artifactregistry.googleapis.com", "compute.googleapis.com", "container.googleapis.com")


def missing(session: Session) -> Sequence[str] | None:
    """The needed services that are not enabled; None when the credentials may not know."""
    path = f"v1/projects/{session.project}/services:batchGet"
    names = [f"projects/{session.project}/services/{api}" for api in NEEDED]
    try:
        with translated(f"ask which APIs are enabled in {session.project}"):
            answer = session.sdk.rest("GET", "serviceusage", path, params={"names": names})
    except CredentialsError as error:
        if (
            error.code in {"UNAUTHENTICATED", NO_QUOTA_PROJECT}
            or error.__cause__ is None
            or _status(error) != 403
        ):
            raise
        return None
    on = {
        one["name"].rpartition("/")[2] for one in answer.get("services", []) if one.get("state") == "ENABLED"
    }
    return [api for api in NEEDED if api not in on]


@contextmanager
def settled(session: Session) -> Iterator[None]:
    """An API that was enabled a moment ago is refused for minutes still: TemporaryError."""
    try:
        yield
    except CloudDeployError as error:
        if error.code != DISABLED or missing(session) != []:
            raise
        raise TemporaryError(
            "the APIs were enabled a moment ago, and not everything has heard of it",
            fix="run it again in a few minutes",
            code=DISABLED,
        ) from error


class ApisStep:
    """Enables APIs. They stay enabled: that costs nothing, and others may use them."""

    title = "APIs: Kubernetes Engine, Artifact Registry, Compute Engine"

    def __init__(self, session: Session) -> None:
        self._session = session
        self._operation: str | None = None
        self._let_go = False

    def state(self) -> State:
        if self._let_go:
            return ABSENT
        off = missing(self._session)
        if not off:
            return State(Status.READY)
        if self._operation and self._running(self._operation):
            return State(Status.PENDING, f"enabling {', '.join(off)}")
        return ABSENT if len(off) == len(NEEDED) else incomplete(f"{', '.join(off)} not enabled")

    def create(self) -> None:
        off = missing(self._session)
        if not off:
            return
        path = f"v1/projects/{self._session.project}/services:batchEnable"
        with translated(f"enable {', '.join(off)}"):
            answer = self._session.sdk.rest("POST", "serviceusage", path, json={"serviceIds": list(off)})
        self._operation = str(answer.get("name") or "")

    def delete(self) -> None:
        self._let_go = True

    def _running(self, operation: str) -> bool:
        with translated("ask whether the APIs are enabled"):
            answer: dict[str, Any] = self._session.sdk.rest("GET", "serviceusage", f"v1/{operation}")
        failure = answer.get("error")
        if failure:
            raise CloudDeployError(
                f"could not enable the APIs: {failure.get('message', failure)}",
                fix=f"gcloud services enable {' '.join(NEEDED)} --project {self._session.project}",
                code=str(failure.get("code", "")),
            )
        return not answer.get("done")


def _status(error: CloudDeployError) -> int:
    return int(getattr(error.__cause__, "code", 0) or 0)
