"""Who may pull from the images' repository: its IAM policy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from clouddeploy_gcp.errors import translated
from clouddeploy_gcp.registry import Home
from clouddeploy_gcp.session import Session

READER = "roles/artifactregistry.reader"
_CONDITIONS = 3
"""The version of policies that have conditions: who asks for less may not see or change one."""


class Readers:
    """The readers of one repository that is there; members as IAM writes them."""

    def __init__(self, session: Session, home: Home) -> None:
        self._session = session
        self._home = home

    def members(self) -> Sequence[str]:
        """Those of this repository alone: who reads every one of the project is not among them."""
        return _members(self._policy())

    def add(self, members: Collection[str]) -> None:
        """Make them readers; those that there are stay."""
        self._set(lambda before: [*before, *sorted(set(members) - set(before))])

    def remove(self, member: str) -> None:
        """Let somebody be no reader any more."""
        self._set(lambda before: [one for one in before if one != member])

    def _policy(self) -> dict[str, Any]:
        request = {"resource": self._home.name, "options": {"requested_policy_version": _CONDITIONS}}
        with translated(f"ask who may read {self._home.repository}"):
            return self._session.sdk.artifacts("get_iam_policy", request)

    def _set(self, change: Callable[[Sequence[str]], list[str]]) -> None:
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
