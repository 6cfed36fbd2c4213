"""What IAM refuses in the trust policy of a role and moto lets pass.

Source: IAM user guide, "IAM JSON policy element reference" and "IAM and AWS STS quotas"; the texts as users
report them in public issue trackers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.principals import is_principal

_VERSIONS = {"2008-10-17", "2012-10-17"}
_FIELDS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"}
_KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazon(aws)?\.com(\.cn)?")
_AWS = re.compile(r"\*|\d{12}|A[A-Z0-9]{15,127}|arn:[\w-]+:(iam|sts)::(?P<account>\d{12}):.+")
_NAMED = re.compile(r"arn:[\w-]+:iam::\d{12}:(user|role)/.+")
_LENGTH_MAX = 2048
"""White space is not counted."""


def check(text: str, iam: Any, account: str) -> None:
    """ServiceError for what cannot be a trust policy in this account; `iam` is moto's.

    It names whom it trusts, and no resource: that is the role itself.
    """
    try:
        document = json.loads(text)
    except ValueError:
        raise malformed("This policy contains invalid Json") from None
    if not isinstance(document, dict):
        raise malformed("Syntax errors in policy.")
    if document.get("Version", "2008-10-17") not in _VERSIONS:
        raise malformed("The policy must contain a valid version string")
    found = listed(document.get("Statement"))
    if not found:
        raise malformed("Syntax errors in policy.")
    for statement in found:
        _check_statement(statement, iam, account)
    if len("".join(text.split())) > _LENGTH_MAX:
        text = f"Cannot exceed quota for ACLSizePerRole: {_LENGTH_MAX}"
        raise ServiceError("LimitExceeded", text, status=409)


def malformed(text: str) -> ServiceError:
    """What IAM says of every policy that is none."""
    return ServiceError("MalformedPolicyDocument", text)


def listed(value: Any) -> list[Any]:
    """A policy writes a list of one thing also as that thing."""
    return value if isinstance(value, list) else [value] if value else []


def _check_statement(statement: Any, iam: Any, account: str) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in {"Allow", "Deny"}:
        raise malformed("Syntax errors in policy.")
    for field in ("Principal", "Action"):
        if not statement.get(field) and not statement.get(f"Not{field}"):
            raise malformed(f"Missing required field {field}")
    if "Resource" in statement:
        raise malformed("Has prohibited field Resource")
    if statement.keys() - _FIELDS:
        raise malformed("Syntax errors in policy.")
    if not all(str(action).lower().startswith("sts:") for action in listed(statement.get("Action"))):
        raise malformed("AssumeRole policy may only specify STS AssumeRole actions.")
    for kind, name in _principals(statement.get("Principal")):
        if not _is_known(kind, name, iam, account):
            raise malformed(f'Invalid principal in policy: "{kind.upper()}":"{name}"')


def _principals(principal: Any) -> Iterator[tuple[str, str]]:
    if isinstance(principal, Mapping):
        yield from ((kind, str(name)) for kind, names in principal.items() for name in listed(names))
    elif principal:
        yield "AWS", str(principal)


def _is_known(kind: str, name: str, iam: Any, account: str) -> bool:
    """Of this account's users and roles IAM knows which there are; not so of services, but their form."""
    match kind:
        case "Service":
            return bool(_SERVICE.fullmatch(name))
        case "AWS" if _NAMED.fullmatch(name):
            return is_principal(iam, account, name)
        case "AWS":
            return bool(_AWS.fullmatch(name))
    return kind in _KINDS
