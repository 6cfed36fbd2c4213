"""What STS refuses and moto lets pass: AssumeRole of a role that is not there or does not trust the caller.

Source: STS API reference, AssumeRole; the texts as users report them in public issue trackers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.principals import session_name, trusts

_SHORTEST, _LONGEST, _CHAINED = 900, 43_200, 3600  # seconds
_SESSION = re.compile(r"[\w+=,.@-]{2,64}")


def check(form: Mapping[str, str], iam: Any, caller: str) -> None:
    """ServiceError for what STS refuses to `caller`, an ARN."""
    if form.get("Action") != "AssumeRole":
        return
    arn = form.get("RoleArn", "")
    _check_name(form.get("RoleSessionName", ""))
    duration = _duration(form.get("DurationSeconds"))
    role = next((one for one in iam.roles.values() if one.arn == arn), None)
    context = {"sts:ExternalId": form["ExternalId"]} if "ExternalId" in form else {}
    if role is None or not trusts(iam, role, caller, context):
        text = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        raise ServiceError("AccessDenied", text, status=403)
    if duration > _CHAINED and session_name(caller):
        text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
        raise ServiceError("ValidationError", f"{text}role chaining")
    if duration > (role.max_session_duration or _CHAINED):
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise ServiceError("ValidationError", text)


def _check_name(name: str) -> None:
    if not _SESSION.fullmatch(name):
        raise _invalid(name, "roleSessionName", r"satisfy regular expression pattern: [\w+=,.@-]*")


def _duration(text: str | None) -> int:
    """900 seconds to 12 hours, an hour when nothing is said."""
    seconds = int(text or _CHAINED)
    if seconds < _SHORTEST:
        raise _invalid(str(seconds), "durationSeconds", f"have value greater than or equal to {_SHORTEST}")
    if seconds > _LONGEST:
        raise _invalid(str(seconds), "durationSeconds", f"have value less than or equal to {_LONGEST}")
    return seconds


def _invalid(value: str, name: str, must: str) -> ServiceError:
    said = f"Value '{value}' at '{name}' failed to satisfy constraint: Member must {must}"
    return ServiceError("ValidationError", f"1 validation error detected: {said}")
