"""Security groups that the cluster's controllers left in its VPC.

A group goes only when no rule of another one names it, so groups that name each other stay for ever unless
the rules go first (aws/containers-roadmap#1841). Rules are taken from the cluster's own groups alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from clouddeploy.errors import CloudDeployError, NotFoundError, PreconditionError, TemporaryError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.steps.naming import tag_map
from clouddeploy_aws.steps.network import Network, waiting, within

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        IpPermissionOutputTypeDef,
        IpPermissionUnionTypeDef,
        SecurityGroupTypeDef,
    )


def clear_groups(network: Network, vpc_id: str) -> None:
    """Delete every group of the cluster's that can go; then raise what the others were refused with.

    PreconditionError for one that somebody else's group names, TemporaryError for one still in use.
    """
    groups = _groups(network, vpc_id)
    ours = [one for one in groups if _made_by(network.cluster, tag_map(one.get("Tags", [])))]
    ids = {_id(one) for one in ours}
    others = {_id(one): _named(one) & ids for one in groups if _id(one) not in ids}
    revoked = {_id(group): _revoke(network, group, ids) for group in ours}
    held = {_id(group): _delete(network, _id(group), vpc_id, others) for group in ours}
    refused = [one for group_id, error in held.items() if error for one in (revoked[group_id], error) if one]
    # What waiting cannot mend comes first: the run must not wait for the rest.
    for error in sorted(refused, key=lambda one: isinstance(one, TemporaryError)):
        raise error


def _groups(network: Network, vpc_id: str) -> list[SecurityGroupTypeDef]:
    with translated(f"look for security groups in {vpc_id}"):
        pages = network.session.ec2.get_paginator("describe_security_groups")
        found = [one for page in pages.paginate(Filters=within(vpc_id)) for one in page["SecurityGroups"]]
    return sorted(found, key=_id)


def _revoke(network: Network, group: SecurityGroupTypeDef, ids: set[str]) -> CloudDeployError | None:
    """Take away the rules that name others of these groups; what was refused."""
    ec2, group_id = network.session.ec2, _id(group)
    there = ids - {group_id}
    incoming = _naming(group.get("IpPermissions", []), there)
    outgoing = _naming(group.get("IpPermissionsEgress", []), there)
    try:
        with translated(f"revoke the rules of the security group {group_id}"):
            if incoming:
                ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=incoming)
            if outgoing:
                ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=outgoing)
    except NotFoundError:  # the group or a rule went meanwhile: the next look shows what is left
        return None
    except CloudDeployError as error:
        return error
    return None


def _delete(
    network: Network, group_id: str, vpc_id: str, others: Mapping[str, set[str]]
) -> CloudDeployError | None:
    """What was refused, as by a group of `others`, by the groups that each of them names."""
    holders = sorted(other for other, named in others.items() if group_id in named)
    try:
        with (
            suppress(NotFoundError),
            waiting(network, group_id, vpc_id),
            translated(f"delete the security group {group_id}"),
        ):
            network.session.ec2.delete_security_group(GroupId=group_id)
    except CloudDeployError as error:
        return _held(group_id, holders, error) if holders else error
    return None


def _held(group_id: str, holders: Sequence[str], error: CloudDeployError) -> CloudDeployError:
    if error.code != "DependencyViolation":
        return error
    names = ", ".join(holders)
    held = PreconditionError(
        f"rules of {names} name the security group {group_id}, and they are not ours",
        fix=f"delete these rules of {names}, or the groups",
        code=error.code,
    )
    held.__cause__ = error
    return held


def _naming(
    permissions: Sequence[IpPermissionOutputTypeDef], ids: set[str]
) -> list[IpPermissionUnionTypeDef]:
    """Of each rule the part that names one of the groups, as EC2 takes it back."""
    found: list[IpPermissionUnionTypeDef] = []
    for one in permissions:
        every = (pair.get("GroupId", "") for pair in one.get("UserIdGroupPairs", []))
        named = [group_id for group_id in every if group_id in ids]
        if named:
            part: IpPermissionUnionTypeDef = {
                "IpProtocol": one.get("IpProtocol", "-1"),
                "UserIdGroupPairs": [{"GroupId": group_id} for group_id in named],
            }
            if "FromPort" in one and "ToPort" in one:
                part["FromPort"], part["ToPort"] = one["FromPort"], one["ToPort"]
            found.append(part)
    return found


def _named(group: SecurityGroupTypeDef) -> set[str]:
    rules = [*group.get("IpPermissions", []), *group.get("IpPermissionsEgress", [])]
    return {pair.get("GroupId", "") for rule in rules for pair in rule.get("UserIdGroupPairs", [])}


def _id(group: SecurityGroupTypeDef) -> str:
    return group.get("GroupId", "")


def _made_by(cluster: str, tags: Mapping[str, str]) -> bool:
    """Tags that EKS and its load balancer controllers set (eksctl pkg/elb/cleanup.go uses the same)."""
    return (
        f"kubernetes.io/cluster/{cluster}" in tags
        or tags.get("elbv2.k8s.aws/cluster") == cluster
        or tags.get("eks:eks-cluster-name") == cluster
    )
