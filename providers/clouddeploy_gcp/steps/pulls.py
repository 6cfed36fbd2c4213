"""Letting a cluster pull, whoever made it: its nodes' service accounts become readers of the repository."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from clouddeploy.contract import State, Status
from clouddeploy.errors import CredentialsError, NotFoundError
from clouddeploy_gcp.clusters import find
from clouddeploy_gcp.compute import Compute
from clouddeploy_gcp.readers import READER, Readers
from clouddeploy_gcp.registry import Home
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.naming import ABSENT, LABEL, foreign

_DEFAULT = "default"
_UNKNOWN = "serviceAccount:NODES_ACCOUNT"


class PullsStep:
    """The repository's readers, which are only added to.

    A grant to the whole project is not looked for: it would be a right more to ask for, and a binding
    more does no harm.
    """

    def __init__(self, session: Session, cluster: str) -> None:
        self._session = session
        self._cluster = cluster
        self._home = Home(session)
        self._readers = Readers(session, self._home)
        self.title = f"the nodes of {cluster} as readers of the repository {self._home.repository}"

    @cached_property
    def _members(self) -> set[str]:
        cluster = find(self._session, self._cluster)
        if cluster is None:
            raise NotFoundError(
                f"there is no GKE cluster {self._cluster} in {self._session.region}",
                fix=f"clouddeploy cluster create --to {self._session.target.name}",
            )
        accounts = set(cluster.accounts)
        if _DEFAULT in accounts:
            accounts = accounts - {_DEFAULT} | {Compute(self._session).default_service_account()}
        return {f"serviceAccount:{one}" for one in accounts}

    def state(self) -> State:
        """ABSENT also before the repository is made, which is what a push does.

        CredentialsError with the command for somebody who may, ForeignResourceError for a repository of
        this name that others made and the target does not name.
        """
        with self._or_by_hand():
            found = self._home.find()
            if found is None:
                return ABSENT
            if self._members <= set(self._readers.members()):
                return State(Status.READY, self._home.name)
        if not self._home.named and found.get("labels", {}).get(LABEL) != self._cluster:
            named = f"write registry: {{repository: {self._home.repository}}} to have it done all the same"
            raise foreign(
                f"the repository {self._home.repository}", self._cluster, f"{self.command()}; or {named}"
            )
        return ABSENT

    def create(self) -> None:
        """Add the readers; raises as `state`, and NotFoundError without a repository."""
        with self._or_by_hand():
            self._readers.add(self._members)

    def delete(self) -> None:
        """Nothing: what a cluster may pull is not taken from it."""

    def command(self) -> str:
        """What somebody who may change the repository's policy can run instead."""
        members = sorted(self.__dict__.get("_members", {_UNKNOWN}))
        return " && ".join(
            f"gcloud artifacts repositories add-iam-policy-binding {self._home.repository} --project "
            f"{self._session.project} --location {self._home.location} --member {one} --role {READER}"
            for one in members
        )

    @contextmanager
    def _or_by_hand(self) -> Iterator[None]:
        try:
            yield
        except CredentialsError as error:
            raise CredentialsError(error.message, fix=self.command(), code=error.code) from error
