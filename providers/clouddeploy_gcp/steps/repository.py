"""The images' repository, and the nodes' permission to pull from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy_gcp.compute import Compute
from clouddeploy_gcp.errors import DISABLED, NO_PLACE
from clouddeploy_gcp.readers import Readers
from clouddeploy_gcp.registry import Home
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.apis import settled
from clouddeploy_gcp.steps.naming import ABSENT, LABEL, foreign, incomplete


class RepositoryStep:
    """A repository of which the nodes' service account is a reader.

    One that the target names is only used, and its readers stay: other clusters may need them. Ours is
    deleted with the cluster when it is empty: images stay, and `clouddeploy cluster leftovers` shows them.
    `before` raises what the cluster would fail with, before anything is changed for it.
    """

    def __init__(self, session: Session, cluster: str, before: Callable[[], object]) -> None:
        self._session = session
        self._cluster = cluster
        self._before = before
        self._home = Home(session, cluster)
        self._readers = Readers(session, self._home)
        self._let_go = False
        self._operation: str | None = None
        self.title = f"image repository {self._home.repository}, readable by the nodes"

    @cached_property
    def member(self) -> str:
        """The nodes' service account as IAM writes it."""
        named = self._session.target.options.get("service_account")
        return f"serviceAccount:{named or Compute(self._session).default_service_account()}"

    def state(self) -> State:
        if self._under_way:
            return State(Status.PENDING, "under way")
        found = None if self._let_go else self._find()
        if found is None:
            return ABSENT
        if self.member in self._readers.members():
            return State(Status.READY, self._home.name)
        if self._ours(found) and self._home.empty():
            return incomplete(f"{self._home.repository} is there, the nodes may not pull from it")
        return ABSENT

    def create(self) -> None:
        """The repository; called again, its readers. TemporaryError while somebody else makes it."""
        with settled(self._session):
            self._before()
            self._complete()

    def _complete(self) -> None:
        if self._find() is None:
            self._operation = self._home.create()
            if self._operation is None:
                raise TemporaryError(
                    f"the repository {self._home.repository} is being made", fix="run it again"
                )
            return
        self._readers.add([self.member])

    def delete(self) -> None:
        if self._home.named:
            self._let_go = True
            return
        found = self._find()
        if found is None or self._under_way:
            return
        self._readers.remove(self.member)
        if self._ours(found) and self._home.empty():
            self._operation = self._home.delete()

    @property
    def _under_way(self) -> bool:
        """Whether what was started here goes on."""
        return bool(self._operation and not self._home.finished(self._operation))

    def _find(self) -> dict[str, Any] | None:
        try:
            found = self._home.find()
        except CloudDeployError as error:
            if error.code == NO_PLACE:
                self._before()  # knows which region may be meant
            if error.code != DISABLED:
                raise
            return None  # without the API there is no repository
        if found and not self._ours(found) and not self._home.named:
            fix = f"to use it all the same, write registry: {{repository: {self._home.repository}}}"
            raise foreign(f"the repository {self._home.repository}", self._cluster, fix)
        return found

    def _ours(self, found: dict[str, Any]) -> bool:
        return bool(found.get("labels", {}).get(LABEL) == self._cluster)
