"""Clean-up policies of repositories that Artifact Registry refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy_gcp.emulator.answers import ApiError, invalid

_MOST, _LONGEST = 10, 127
_DELETE, _KEEP = 1, 2


def check_cleanup(policies: Mapping[str, Any]) -> None:
    """INVALID_ARGUMENT for what `CleanupPolicy` in the discovery document does not allow.

    Only the text about a missing condition is public: hashicorp/terraform-provider-google#22495. That there
    are ten at most is hail-is/hail#13489's.
    """
    if len(policies) > _MOST:
        raise invalid(f"a repository has at most {_MOST} cleanup policies")
    for name, policy in policies.items():
        if not 0 < len(name) <= _LONGEST:
            raise _refused(f"the id of policy {name} is not of 1 to {_LONGEST} characters")
        if policy.action not in {_DELETE, _KEEP}:
            raise _refused(f"policy {policy.id or name} is missing an action")
        _check_condition(policy)


def _check_condition(policy: Any) -> None:
    recent = policy.HasField("most_recent_versions")
    if not recent and not policy.HasField("condition"):
        raise _refused(f"policy {policy.id} is missing a condition")
    if recent and policy.action != _KEEP:
        raise _refused(f"policy {policy.id} has most_recent_versions, which only a Keep action may have")
    if recent and policy.most_recent_versions.keep_count < 1:
        raise _refused(f"policy {policy.id} keeps no version")


def _refused(text: str) -> ApiError:
    return invalid(f"invalid cleanup policy: generic::invalid_argument: {text}")
