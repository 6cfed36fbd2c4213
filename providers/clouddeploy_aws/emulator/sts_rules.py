"""What STS refuses and moto lets pass: AssumeRole of a role that is not there or does not trust the caller.

Source: STS API reference, AssumeRole; the texts as users report them in public issue trackers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.principals import session_name, trusts

_HOUR = 3600  # seconds: what is given when nothing is said, and all that a chain of roles gets


def check(form: Mapping[str, str], iam: Any, caller: str) -> None:
    """ServiceError for what STS refuses to `caller`, an ARN."""
    if form.get("Action") != "AssumeRole":
        return
    arn = form.get("RoleArn", "")
    duration = int(form.get("DurationSeconds") or _HOUR)
    role = next((one for one in iam.roles.values() if one.arn == arn), None)
    context = {"sts:ExternalId": form["ExternalId"]} if "ExternalId" in form else {}
    if role is None or not trusts(iam, role, caller, context):
        text = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        raise ServiceError("AccessDenied", text, status=403)
    if duration > _HOUR and session_name(caller):
        text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
        raise ServiceError("ValidationError", f"{text}role chaining")
    if duration > (role.max_session_duration or _HOUR):
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise ServiceError("ValidationError", text)
