"""What IAM refuses in a new role and moto lets pass.

Source: IAM API reference, CreateRole; the texts as users report them in public issue trackers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_NAME_MAX = 64
_TEXT = re.compile(r"[\t\n\r -~\u00a1-\u00ff]*")
_TEXT_MAX = 1000
_SECONDS = range(3600, 43_200 + 1)


def check(form: Mapping[str, str]) -> None:
    """ServiceError for what IAM refuses."""
    match form.get("Action"):
        case "CreateRole":
            _check_name(form.get("RoleName", ""))
            _check_description(form.get("Description", ""))
            _check_duration(form.get("MaxSessionDuration"))
            _check_trust(form.get("AssumeRolePolicyDocument", ""))
        case "UpdateRole":
            _check_description(form.get("Description", ""))
            _check_duration(form.get("MaxSessionDuration"))
        case "UpdateAssumeRolePolicy":
            _check_trust(form.get("PolicyDocument", ""))


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ServiceError(
            "ValidationError",
            "The specified value for roleName is invalid. It must contain only alphanumeric characters "
            "and/or the following: +=,.@_-",
        )
    if len(name) > _NAME_MAX:
        raise _invalid(name, "roleName", f"have length less than or equal to {_NAME_MAX}")


def _check_description(text: str) -> None:
    if len(text) > _TEXT_MAX:
        raise _invalid(text, "description", f"have length less than or equal to {_TEXT_MAX}")
    if not _TEXT.fullmatch(text):
        pattern = r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*"
        raise _invalid(text, "description", f"satisfy regular expression pattern: {pattern}")


def _check_duration(text: str | None) -> None:
    seconds = int(text or _SECONDS.start)
    if seconds < _SECONDS.start:
        raise _invalid(
            str(seconds), "maxSessionDuration", f"have value greater than or equal to {_SECONDS.start}"
        )
    if seconds not in _SECONDS:
        raise _invalid(
            str(seconds), "maxSessionDuration", f"have value less than or equal to {_SECONDS.stop - 1}"
        )


def _check_trust(text: str) -> None:
    """A trust policy names whom it trusts, and no resource: that is the role itself."""
    try:
        document = json.loads(text)
    except ValueError:
        raise _malformed("This policy contains invalid Json") from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        raise _malformed("Syntax errors in policy.")
    for statement in statements:
        _check_statement(statement)


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in {"Allow", "Deny"}:
        raise _malformed("Syntax errors in policy.")
    for field in ("Principal", "Action"):
        if not statement.get(field) and not statement.get(f"Not{field}"):
            raise _malformed(f"Missing required field {field}")
    if "Resource" in statement:
        raise _malformed("Has prohibited field Resource")


def _malformed(text: str) -> ServiceError:
    return ServiceError("MalformedPolicyDocument", text)


def _invalid(value: str, name: str, must: str) -> ServiceError:
    said = f"Value '{value}' at '{name}' failed to satisfy constraint: Member must {must}"
    return ServiceError("ValidationError", f"1 validation error detected: {said}")
