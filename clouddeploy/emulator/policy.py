"""What a policy allows: Effect, Action, Resource and the conditions on texts, as AWS evaluates them.

Alibaba Cloud's RAM has the same elements. Source: IAM user guide, "Policy evaluation logic" and "IAM JSON
policy elements: Condition operators"; RAM documentation, "Policy elements".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Policy = Mapping[str, Any]


@dataclass(frozen=True)
class Demand:
    """One thing that must be allowed: an action on a resource; `context` is what conditions can ask for."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


def allows(policy: Policy, demand: Demand) -> bool:
    """Whether some statement allows it and none denies it."""
    effects = {one["Effect"] for one in policy["Statement"] if _fits(one, demand)}
    return "Allow" in effects and "Deny" not in effects


def _fits(statement: Mapping[str, Any], demand: Demand) -> bool:
    return (
        any(_like(one, demand.action, re.IGNORECASE) for one in _each(statement["Action"]))
        and any(_like(one, demand.resource) for one in _each(statement["Resource"]))
        and all(
            _holds(operator, keys, demand.context)
            for operator, keys in statement.get("Condition", {}).items()
        )
    )


def _holds(operator: str, keys: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Every key must have a value that one of the wanted ones fits; ValueError for an unknown operator."""
    match operator:
        case "StringLike":
            return all(
                key in context and any(_like(v, context[key]) for v in _each(keys[key])) for key in keys
            )
        case "StringEquals":
            return all(context.get(key) in _each(keys[key]) for key in keys)
        case "ArnEquals" | "ArnLike":  # the same to AWS; each of the six parts by itself
            return all(any(_like_arn(v, context.get(key, "")) for v in _each(keys[key])) for key in keys)
    raise ValueError(f"the condition operator {operator} is not emulated")


def _like(pattern: str, value: str, flags: int = 0) -> bool:
    """`*` is any text, also with slashes and colons in it; `?` is one character."""
    parts = (
        ".*" if part == "*" else "." if part == "?" else re.escape(part)
        for part in re.split(r"([*?])", pattern)
    )
    return re.fullmatch("".join(parts), value, flags | re.DOTALL) is not None


def _like_arn(pattern: str, value: str) -> bool:
    wanted, found = pattern.split(":", 5), value.split(":", 5)
    return len(wanted) == len(found) and all(map(_like, wanted, found))


def _each(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
