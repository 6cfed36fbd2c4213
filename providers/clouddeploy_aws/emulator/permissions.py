"""What the emulated user may do: everything but the actions that a test takes away.

IAM's own evaluation of policies is not emulated.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

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


def check(service: str, action: str, denied: Set[str], arn: str) -> None:
    """Refuse an action that was taken away, in the service's own words."""
    name = f"{service}:{action}"
    if name not in denied:
        return
    code, status = _CODES.get(PROTOCOLS[service], ("AccessDeniedException", 403 if service == "eks" else 400))
    text = f"User: {arn} is not authorized to perform: {name} on resource: *"
    if service == "ec2":
        text = f"You are not authorized to perform this operation. {text}"
    raise ServiceError(code, text, status=status)


def simulate(body: bytes, denied: Set[str]) -> Answer:
    """The answer to SimulatePrincipalPolicy, which moto does not have."""
    form: Mapping[str, Any] = parse_qs(body.decode())
    actions = [values[0] for name, values in form.items() if name.startswith("ActionNames.")]
    resource = form.get("ResourceArns.member.1", ["*"])[0]
    members = "".join(
        _MEMBER.format(
            action=escape(action),
            resource=escape(resource),
            decision="implicitDeny" if action in denied else "allowed",
        )
        for action in actions
    )
    return Answer(200, {"Content-Type": "text/xml"}, _ANSWER.format(members=members).encode())
