"""What IAM refuses and moto lets pass.

Source: IAM API reference, IAM user guide, "IAM and AWS STS quotas"; the texts as users report them in public
issue trackers. UNVERIFIED: the text about a tag with AWS's prefix.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from clouddeploy_aws.emulator import trust
from clouddeploy_aws.emulator.answers import ServiceError

Form = Mapping[str, str]

_TAG = re.compile(r"Tags\.member\.\d+\.Key")
_SOURCE = re.compile(r"arn:[\w-]+:iam::\d{12}:(?P<kind>user|group|role)/(?:.*/)?(?P<name>[^/]+)")
_POLICIES_MAX = 10


def check(form: Form, iam: Any, account: str) -> None:
    """ServiceError for what IAM refuses; `iam` is moto's."""
    if any(key.lower().startswith("aws:") for name, key in form.items() if _TAG.fullmatch(name)):
        text = "aws: prefixed tag key names are not allowed for external use."
        raise ServiceError("InvalidInput", text)
    match form.get("Action"):
        case "AttachRolePolicy":
            _check_room(form, iam)
        case "CreateRole":
            _check_new(form["RoleName"], iam)
            trust.check(form["AssumeRolePolicyDocument"], iam, account)
        case "ListInstanceProfilesForRole":
            _check_there(form["RoleName"], iam)
        case "PutRolePolicy":
            _check_inline(form["PolicyDocument"])
        case "SimulatePrincipalPolicy":
            _check_source(form["PolicySourceArn"], iam)
        case "UpdateAssumeRolePolicy":
            trust.check(form["PolicyDocument"], iam, account)


def _check_new(name: str, iam: Any) -> None:
    """Names that differ in their case alone are one."""
    if name.lower() in {role.name.lower() for role in iam.roles.values()}:
        raise ServiceError("EntityAlreadyExists", f"Role with name {name} already exists.", status=409)


def _check_there(name: str, iam: Any) -> None:
    if name not in {role.name for role in iam.roles.values()}:
        raise ServiceError("NoSuchEntity", f"The role with name {name} cannot be found.", status=404)


def _check_inline(text: str) -> None:
    """Whose policy it is goes without saying."""
    try:
        document = json.loads(text)
    except ValueError:
        return  # moto says it
    statements = trust.listed(document.get("Statement")) if isinstance(document, dict) else []
    if any(isinstance(one, dict) and one.keys() & {"Principal", "NotPrincipal"} for one in statements):
        raise trust.malformed("Policy document should not specify a principal.")


def _check_room(form: Form, iam: Any) -> None:
    role = next((one for one in iam.roles.values() if one.name == form["RoleName"]), None)
    attached = role.managed_policies if role else {}
    if len(attached) >= _POLICIES_MAX and form["PolicyArn"] not in attached:
        text = f"Cannot exceed quota for PoliciesPerRole: {_POLICIES_MAX}"
        raise ServiceError("LimitExceeded", text, status=409)


def _check_source(arn: str, iam: Any) -> None:
    """Sessions and the root user have no policies of their own."""
    match = _SOURCE.fullmatch(arn)
    if match is None:
        text = f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        raise ServiceError("InvalidInput", text)
    there = (*iam.users.values(), *iam.groups.values(), *iam.roles.values())
    if arn not in {one.arn for one in there}:
        text = f"The {match['kind']} with name {match['name']} cannot be found."
        raise ServiceError("NoSuchEntity", text, status=404)
