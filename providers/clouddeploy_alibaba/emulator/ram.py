"""What a RAM user may do: which actions a call is, and the words of the refusal.

Sources: "Create a custom RAM policy" of the ACK documentation (an action has its operation's name, and
listing clusters is two), "RAM authorization" of ACR, VPC, ECS and SLB.
"""

from __future__ import annotations

from collections.abc import Mapping

from clouddeploy.emulator.policy import Demand, Policy, allows
from clouddeploy_alibaba.emulator.answers import ServiceError

_CODES = {"CR": "cr", "CS": "cs", "ECS": "ecs", "SLB": "slb", "STS": "sts", "VPC": "vpc", "personal": "cr"}
_NAMES: Mapping[str, tuple[str, ...]] = {
    "cr:DeleteRepoTag": ("cr:DeleteRepositoryTag",),
    "cr:ListRepoTag": ("cr:ListRepositoryTag",),
    "cs:DescribeClustersV1": ("cs:DescribeClustersV1", "cs:GetClusters"),
}
"""Operations whose actions have other names, or more than one."""


def actions_of(service: str, operation: str) -> tuple[str, ...]:
    """The RAM actions that an operation needs."""
    name = f"{_CODES[service]}:{operation}"
    return _NAMES.get(name, (name,))


def check(policy: Policy | None, service: str, operation: str) -> None:
    """ServiceError when the policy does not allow the operation; without a policy everything is allowed."""
    actions = actions_of(service, operation)
    missing = [one for one in actions if policy is not None and not allows(policy, Demand(one))]
    if not missing:
        return
    if service == "CS":
        raise ServiceError("StatusForbidden", f"RAM policy Forbidden for action {missing[0]}", 403)
    if service in {"CR", "personal"}:
        raise ServiceError("NoPrivilege", f"You are not authorized to do this action: {missing[0]}", 403)
    raise ServiceError(
        "Forbidden.RAM",
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
        403,
        AccessDeniedDetail={"AuthAction": missing[0], "NoPermissionType": "ImplicitDeny"},
    )
