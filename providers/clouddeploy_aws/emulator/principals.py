"""Who somebody is to IAM: the user or the role behind a session, and whom a role trusts.

Source: IAM user guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from clouddeploy.emulator.policy import Demand, allows

_SESSION = re.compile(r"arn:[\w-]+:sts::\d{12}:assumed-role/(?P<role>[^/]+)/(?P<session>[^/]+)")
_PRINCIPAL = re.compile(r"arn:[\w-]+:iam::(?P<account>\d{12}):(?P<kind>user|role)/.+")


def permanent(iam: Any, arn: str) -> str:
    """The ARN of the role whose session this is, path included; of anybody else the same ARN."""
    match = _SESSION.fullmatch(arn)
    role = next((one for one in iam.roles.values() if match and one.name == match["role"]), None)
    return str(role.arn) if role else arn


def session_name(arn: str) -> str:
    """The name of a role's session; empty for who is none."""
    match = _SESSION.fullmatch(arn)
    return match["session"] if match else ""


def is_principal(iam: Any, account: str, arn: str) -> bool:
    """Whether it is a user or a role, one that is there if it is this account's."""
    match = _PRINCIPAL.fullmatch(arn)
    there = {one.arn for one in (*iam.roles.values(), *iam.users.values())}
    return match is not None and (match["account"] != account or arn in there)


def trusts(iam: Any, role: Any, caller: str, context: Mapping[str, str]) -> bool:
    """Whether a role's trust policy lets a caller of this ARN assume it."""
    document = json.loads(unquote(role.assume_role_policy_document or "{}"))
    names = {caller, permanent(iam, caller)}
    account = caller.split(":")[4]
    names |= {account, f"arn:{caller.split(':')[1]}:iam::{account}:root", "*"}
    fitting = [{**one, "Resource": "*"} for one in _list(document.get("Statement")) if _names(one) & names]
    return allows({"Statement": fitting}, Demand("sts:AssumeRole", "*", context))


def _names(statement: Mapping[str, Any]) -> set[str]:
    principal = statement.get("Principal", {})
    return {"*"} if principal == "*" else set(_list(principal.get("AWS")))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []
