"""What IAM refuses in a policy and moto lets pass.

Source: IAM user guide, "IAM JSON policy element reference"; the texts as users report them in public issue
trackers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError


def check(form: Mapping[str, str]) -> None:
    """ServiceError for what IAM refuses."""
    match form.get("Action"):
        case "CreateRole":
            _check_trust(form.get("AssumeRolePolicyDocument", ""))
        case "UpdateAssumeRolePolicy":
            _check_trust(form.get("PolicyDocument", ""))


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
