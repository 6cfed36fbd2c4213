"""What an emulated user may do: what its policy allows, without one everything, less what a test denies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from clouddeploy.emulator.policy import Demand, Policy, allows
from clouddeploy_aws.emulator.answers import PROTOCOLS, Answer, ServiceError

SIMULATE = "SimulatePrincipalPolicy"

_CODES = {"ec2": ("UnauthorizedOperation", 403), "query": ("AccessDenied", 403)}
_ANSWER = (
    '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
    "<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
    "<EvaluationResults>{members}</EvaluationResults></SimulatePrincipalPolicyResult>"
    "<ResponseMetadata><RequestId>4b1c</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>"
)
_MEMBER = (
    "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>"
    "<EvalDecision>{decision}</EvalDecision></member>"
)


def check(wanted: Sequence[Demand], policy: Policy | None, denied: Set[str], service: str, arn: str) -> None:
    """Refuse, in the service's own words, when one of the demands is not allowed."""
    refused = first_refused(wanted, policy, denied)
    if refused is None:
        return
    code, status = _CODES.get(PROTOCOLS[service], ("AccessDeniedException", 403 if service == "eks" else 400))
    text = unauthorized(refused, arn)
    if service == "ec2":
        text = f"You are not authorized to perform this operation. {text}"
    raise ServiceError(code, text, status=status)


def check_registry(registry: str | None, action: str, arn: str, account: str) -> None:
    """Refuse what is asked of another account's registry: it lets nobody in without a policy of its own."""
    if registry in (None, account):
        return
    text = (
        f"User: {arn} is not authorized to perform: {action} because no resource-based policy allows the "
        f"{action} action"
    )
    raise ServiceError("AccessDeniedException", text)


def first_refused(wanted: Sequence[Demand], policy: Policy | None, denied: Set[str]) -> Demand | None:
    """The first demand that is not allowed."""
    return next((one for one in wanted if one.action in denied or not _allowed(policy, one)), None)


def unauthorized(demand: Demand, arn: str) -> str:
    """What AWS says to who may not."""
    return (
        f"User: {arn} is not authorized to perform: {demand.action} on resource: {demand.resource} "
        f"because no identity-based policy allows the {demand.action} action"
    )


def simulate(body: bytes, policy: Policy | None, denied: Set[str]) -> Answer:
    """The answer to SimulatePrincipalPolicy, which moto does not have."""
    form: Mapping[str, Any] = parse_qs(body.decode())
    actions = _members(form, "ActionNames.member")
    resources = _members(form, "ResourceArns.member") or ["*"]
    keys = _members(form, "ContextEntries.member", ".ContextKeyName")
    values = _members(form, "ContextEntries.member", ".ContextKeyValues.member.1")
    context = dict(zip(keys, values, strict=True))
    members = "".join(
        _MEMBER.format(
            action=escape(action),
            resource=escape(resources[0]),
            decision="allowed" if may else "implicitDeny",
        )
        for action in actions
        for may in [
            any(
                first_refused([Demand(action, resource, context)], policy, denied) is None
                for resource in resources
            )
        ]
    )
    return Answer(200, {"Content-Type": "text/xml"}, _ANSWER.format(members=members).encode())


def _allowed(policy: Policy | None, demand: Demand) -> bool:
    return policy is None or allows(policy, demand)


def _members(form: Mapping[str, Any], prefix: str, suffix: str = "") -> list[str]:
    """The values of a list as the query protocol writes it: `<prefix>.1<suffix>`, …"""
    found = [form.get(f"{prefix}.{number}{suffix}") for number in range(1, len(form) + 1)]
    return [values[0] for values in found if values]
