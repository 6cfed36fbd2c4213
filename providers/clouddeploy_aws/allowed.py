"""What the credentials may do: IAM's own simulation where it is allowed, else a few reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from clouddeploy.errors import CredentialsError, NotFoundError
from clouddeploy_aws.errors import DENIED, translated
from clouddeploy_aws.partitions import partition
from clouddeploy_aws.permissions import STATEMENTS, Statement, example, resources
from clouddeploy_aws.session import Session
from clouddeploy_aws.steps.naming import role_name

_ASSUMED = re.compile(r"arn:[\w-]+:sts::\d+:assumed-role/(?P<role>[^/]+)/.*")
_IAM = re.compile(r"arn:[\w-]+:iam::\d+:(?:user|role)/.+")
_AT_ONCE = 4  # IAM throttles early


def simulated(session: Session) -> list[str] | None:
    """The actions of the policy that IAM would refuse; None where IAM does not tell.

    A simulation sees no service control policies of the organization.
    """
    try:
        source = _source(session)
        if source is None:
            return None
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda one: list(_refused(session, source, one)), STATEMENTS)
            return [action for refused in found for action in refused]
    except (CredentialsError, NotFoundError) as error:
        if error.code in DENIED or isinstance(error, NotFoundError):
            return None
        raise


def tried(session: Session) -> list[str]:
    """The reads that are refused, of one from each service."""
    role = role_name(session.target.cluster.name, session.region, "cluster")
    reads: dict[str, Callable[[], object]] = {
        "ecr:DescribeRepositories": lambda: session.ecr.describe_repositories(maxResults=1),
        "eks:ListClusters": lambda: session.eks.list_clusters(maxResults=1),
        "ec2:DescribeVpcs": lambda: session.ec2.describe_vpcs(MaxResults=5),
        "iam:GetRole": lambda: session.iam.get_role(RoleName=role),
    }
    return [action for action, read in reads.items() if _is_refused(action, read)]


def _is_refused(action: str, read: Callable[[], object]) -> bool:
    try:
        with translated(f"try {action}"):
            read()
    except NotFoundError:
        return False
    except CredentialsError as error:
        if error.code in DENIED:
            return True
        raise
    return False


def _source(session: Session) -> str | None:
    """The ARN whose policies count: an assumed role's session has its role's."""
    principal = session.identity().principal
    assumed = _ASSUMED.fullmatch(principal)
    if assumed:
        with translated("look for the role of the credentials"):
            return session.iam.get_role(RoleName=assumed["role"])["Role"]["Arn"]
    return principal if _IAM.fullmatch(principal) else None


def _refused(session: Session, source: str, statement: Statement) -> Iterator[str]:
    account, region = session.identity().account, session.region
    examples = [
        one if one == "*" else one.replace("*", "clouddeploy")
        for one in resources(statement, partition(region).name, region, account)
    ]
    with translated("ask IAM what the credentials may do"):
        pages = session.iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=source,
            ActionNames=list(statement.actions),
            ResourceArns=examples,
            ContextEntries=_context(session, statement),
        )
        allowed = {
            one["EvalActionName"] for page in pages for one in page["EvaluationResults"] if _allows(one)
        }
    yield from (action for action in statement.actions if action not in allowed)


def _context(session: Session, statement: Statement) -> Any:
    given = example(statement, partition(session.region).name, session.target.cluster.name)
    return [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in given.items()
    ]


def _allows(result: Any) -> bool:
    """An action need not be allowed on every kind of resource: a subnet cannot be a VPC."""
    each = [result["EvalDecision"]]
    each += [one["EvalResourceDecision"] for one in result.get("ResourceSpecificResults", [])]
    return "allowed" in each
