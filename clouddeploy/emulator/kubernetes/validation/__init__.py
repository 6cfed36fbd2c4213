"""Whether an object makes sense, in the API server's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy.emulator.kubernetes import status
from clouddeploy.emulator.kubernetes.resources import Resource
from clouddeploy.emulator.kubernetes.validation.metadata import check_metadata
from clouddeploy.emulator.kubernetes.validation.others import CHECKS as OTHERS
from clouddeploy.emulator.kubernetes.validation.problems import Problems
from clouddeploy.emulator.kubernetes.validation.workloads import CHECKS as WORKLOADS

_CHECKS = {**WORKLOADS, **OTHERS}


def check(resource: Resource, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
    """Raises ApiError 422 with everything that is wrong with `new`, which replaces `old`."""
    problems = Problems()
    check_metadata(resource, new["metadata"], problems)
    if action := _CHECKS.get(resource.kind):
        action(old, new, problems)
    if problems.causes:
        raise status.invalid(resource, new["metadata"].get("name", ""), problems.causes)
