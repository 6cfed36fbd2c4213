"""What ECR refuses in a lifecycle policy.

Sources: ECR user guide, "Lifecycle policy properties" and "Lifecycle policy evaluation rules"; the text about
the schema: cloudposse/terraform-aws-ecr#132. UNVERIFIED: the texts about priorities.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError

_SINCE = {"sinceImagePushed", "sinceImagePulled"}
_LISTS = ("tagPrefixList", "tagPatternList")
_SELECTION = {"tagStatus", "countType", "countUnit", "countNumber", *_LISTS}


def check_policy(text: str) -> None:
    """InvalidParameterException for what is no policy."""
    rules: list[Any] = []
    try:
        rules = json.loads(text)["rules"]
        fine = bool(rules) and all(map(_is_rule, rules))
    except (ValueError, KeyError, TypeError, AttributeError):
        fine = False
    if not fine:
        raise _failure("instance failed to match exactly one schema (matched 0 out of 2)")
    _check_together(rules)


def _failure(text: str) -> ServiceError:
    said = f"'Lifecycle policy validation failure: {text}'"
    return ServiceError(
        "InvalidParameterException",
        f"Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: {said}",
    )


def _is_rule(rule: Mapping[str, Any]) -> bool:
    selection = rule["selection"]
    return (
        rule.keys() <= {"rulePriority", "description", "selection", "action"}
        and _counts(rule["rulePriority"])
        and rule["action"] == {"type": "expire"}
        and selection.keys() <= _SELECTION
        and _counts(selection["countNumber"])
        and _is_counted(selection)
        and _names_tags(selection)
    )


def _is_counted(selection: Mapping[str, Any]) -> bool:
    """By age in days, or by number without a unit."""
    if selection["countType"] in _SINCE:
        return bool(selection.get("countUnit") == "days")
    return selection["countType"] == "imageCountMoreThan" and "countUnit" not in selection


def _names_tags(selection: Mapping[str, Any]) -> bool:
    """One list of tags for tagged images, none for others."""
    given = [name for name in _LISTS if selection.get(name)]
    return len(given) == (selection["tagStatus"] == "tagged") and selection["tagStatus"] in {
        "tagged",
        "untagged",
        "any",
    }


def _check_together(rules: list[Mapping[str, Any]]) -> None:
    """Priorities differ; one rule for untagged images at most; the one for any is evaluated last."""
    statuses = [rule["selection"]["tagStatus"] for rule in sorted(rules, key=lambda one: one["rulePriority"])]
    if len({rule["rulePriority"] for rule in rules}) != len(rules):
        raise _failure("Rule priorities must be unique.")
    if statuses.count("untagged") > 1:
        raise _failure("Only one rule can select Untagged images per storage class.")
    if "any" in statuses[:-1]:
        raise _failure("The rule that selects Any images must have the lowest priority.")


def _counts(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1
