"""What EKS itself puts into an account with a cluster, and takes away with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clouddeploy_aws.emulator.ec2_rules import referring
from clouddeploy_aws.emulator.eks.access import CLUSTER_ADMIN, entry_for
from clouddeploy_aws.emulator.eks.records import CREATING_SECONDS, ClusterRecord
from clouddeploy_aws.emulator.models import Caller
from clouddeploy_aws.emulator.moto_account import MotoAccount
from clouddeploy_aws.emulator.principals import permanent


@dataclass(frozen=True)
class Plan:
    """What the checks of a request found; `now` in emulated seconds."""

    version: str
    subnets: list[Any]
    services: str
    now: float


def make(account: MotoAccount, request: Mapping[str, Any], caller: Caller, plan: Plan) -> ClusterRecord:
    """The cluster's record, its security group and a network interface in each subnet."""
    name = request["name"]
    vpc_id = plan.subnets[0].vpc_id
    tags = {"aws:eks:cluster-name": name, f"kubernetes.io/cluster/{name}": "owned"}
    group = account.ec2.create_security_group(
        f"eks-cluster-sg-{name}", "EKS created security group", vpc_id=vpc_id, tags=tags
    )
    record = ClusterRecord(
        name=name,
        arn=f"arn:{account.partition}:eks:{caller.region}:{caller.account}:cluster/{name}",
        request=dict(request),
        version=plan.version,
        vpc_id=vpc_id,
        security_group=group.id,
        creator=permanent(account.iam, caller.arn),
        ready_at=plan.now + CREATING_SECONDS,
        tags=dict(request.get("tags", {})),
        services=plan.services,
        interfaces=[_interface(account, name, subnet, group.id) for subnet in plan.subnets],
    )
    if record.mode != "CONFIG_MAP" and request["accessConfig"].get(
        "bootstrapClusterCreatorAdminPermissions", True
    ):
        admin = entry_for(permanent(account.iam, caller.arn))
        admin.policies.append(f"arn:{account.partition}:eks::aws:{CLUSTER_ADMIN}")
        record.access[admin.principal] = admin
    return record


def unmake(account: MotoAccount, record: ClusterRecord) -> None:
    """Take away what `make` put into the account.

    The security group stays while another one names it (hashicorp/terraform-provider-aws#11473).
    """
    for interface in record.interfaces:
        account.ec2.enis.pop(interface, None)
    if not referring(account.ec2, record.security_group):
        account.ec2.groups.get(record.vpc_id, {}).pop(record.security_group, None)


def _interface(account: MotoAccount, name: str, subnet: Any, group: str) -> str:
    face = account.ec2.create_network_interface(
        subnet, "", group_ids=[group], description=f"Amazon EKS {name}"
    )
    face.status = "in-use"
    return str(face.id)
