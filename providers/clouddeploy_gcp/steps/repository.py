"""The images' repository, and the nodes' permission to pull from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy_gcp.compute import Compute
from clouddeploy_gcp.errors import DISABLED, NO_PLACE, translated
from clouddeploy_gcp.registry import Home
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.apis import settled
from clouddeploy_gcp.steps.naming import ABSENT, LABEL, foreign, incomplete

READER = "roles/artifactregistry.reader"
_CONDITIONS = 3
"""The version of policies that have conditions: who asks for less may not see or change one."""


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
        if self.member in _members(self._policy()):
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
        self._set(lambda members: [*members, self.member])

    def delete(self) -> None:
        if self._home.named:
            self._let_go = True
            return
        found = self._find()
        if found is None or self._under_way:
            return
        self._set(lambda members: [one for one in members if one != self.member])
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

    def _policy(self) -> dict[str, Any]:
        request = {"resource": self._home.name, "options": {"requested_policy_version": _CONDITIONS}}
        with translated(f"ask who may read {self._home.repository}"):
            return self._session.sdk.artifacts("get_iam_policy", request)

    def _set(self, change: Any) -> None:
        """Change the readers. The policy's etag makes a change by somebody else meanwhile fail."""
        policy = self._policy()
        before = _members(policy)
        after = change(before)
        if sorted(set(before)) == sorted(set(after)):
            return
        others = [one for one in policy.get("bindings", []) if not _plain_reader(one)]
        bindings = [*others, {"role": READER, "members": after}] if after else others
        request = {"resource": self._home.name, "policy": _replaced(policy, bindings)}
        with translated(f"let the nodes read {self._home.repository}"):
            self._session.sdk.artifacts("set_iam_policy", request)


def _plain_reader(binding: dict[str, Any]) -> bool:
    return binding.get("role") == READER and "condition" not in binding


def _members(policy: dict[str, Any]) -> Sequence[str]:
    found = (one.get("members", []) for one in policy.get("bindings", []) if _plain_reader(one))
    return [member for members in found for member in members]


def _replaced(policy: dict[str, Any], bindings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The policy with other bindings, for the library: there the etag is bytes, in JSON it is base64."""
    import base64

    conditional = any("condition" in one for one in bindings)
    version = _CONDITIONS if conditional else policy.get("version", 1)
    return {"version": version, "etag": base64.b64decode(policy.get("etag", "")), "bindings": bindings}
