"""The two IAM roles of an EKS Auto Mode cluster.

Source of trust and policies: EKS user guide, "Create an EKS Auto Mode cluster with the AWS CLI".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from clouddeploy.contract import OWNER_TAG, State, Status
from clouddeploy.errors import CloudDeployError, NotFoundError, TemporaryError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.partitions import partition
from clouddeploy_aws.session import Session
from clouddeploy_aws.steps.doubt import settling
from clouddeploy_aws.steps.naming import ABSENT, foreign, incomplete, role_name, tag_map

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import RoleTypeDef


@dataclass(frozen=True)
class RoleKind:
    """Who may assume a role, how, and what it may do."""

    kind: Literal["cluster", "nodes"]
    service: str
    actions: Sequence[str]
    policies: Sequence[str]


CLUSTER = RoleKind(
    "cluster",
    "eks.amazonaws.com",
    ("sts:AssumeRole", "sts:TagSession"),
    (
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSNetworkingPolicy",
    ),
)
NODES = RoleKind(
    "nodes",
    "ec2.amazonaws.com",
    ("sts:AssumeRole",),
    ("AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodeMinimalPolicy"),
)


class RoleStep:
    """One role: its trust policy, its managed policies. `before` raises what the cluster would fail with."""

    def __init__(
        self, session: Session, cluster: str, kind: RoleKind, before: Callable[[], object] = lambda: None
    ) -> None:
        self._session = session
        self._cluster = cluster
        self._kind = kind
        self._before = before
        self.made = False

    @property
    def title(self) -> str:
        return f"role for the {'control plane' if self._kind.kind == 'cluster' else 'nodes'}"

    @property
    def name(self) -> str:
        return role_name(self._cluster, self._session.region, self._kind.kind)

    def arn(self) -> str | None:
        """The role's ARN; None while there is none."""
        role = self._role()
        return role["Arn"] if role else None

    def state(self) -> State:
        role = self._role()
        if role is None:
            return ABSENT
        if not self._trusts(role):
            return incomplete(f"{self.name} does not trust {self._kind.service}")
        missing = self._missing()
        if missing:
            return incomplete(f"{self.name} lacks {', '.join(name for name, _ in missing)}")
        return State(Status.READY, self.name)

    def create(self) -> None:
        role = self._role()
        if role is None:
            self._make()
        elif not self._trusts(role):
            with settling(), translated(f"set the trust policy of {self.name}"):
                self._session.iam.update_assume_role_policy(
                    RoleName=self.name, PolicyDocument=json.dumps(self._trust())
                )
        for policy, arn in self._missing():
            with settling(), translated(f"attach {policy} to {self.name}"):
                self._session.iam.attach_role_policy(RoleName=self.name, PolicyArn=arn)

    def delete(self) -> None:
        """IAM deletes a role only without policies and instance profiles (DeleteConflict)."""
        if self._role() is None:
            return
        iam = self._session.iam
        with suppress(NotFoundError), translated(f"delete the role {self.name}"):
            self._leave_profiles()
            for arn in self._attached():
                iam.detach_role_policy(RoleName=self.name, PolicyArn=arn)
            for policy in iam.list_role_policies(RoleName=self.name)["PolicyNames"]:
                iam.delete_role_policy(RoleName=self.name, PolicyName=policy)
            iam.delete_role(RoleName=self.name)

    def _role(self) -> RoleTypeDef | None:
        iam = self._session.iam
        with translated(f"look for the role {self.name}"):
            try:
                role = iam.get_role(RoleName=self.name)["Role"]
            except iam.exceptions.NoSuchEntityException:
                return None
        if tag_map(role.get("Tags", [])).get(OWNER_TAG) != self._cluster:
            raise foreign(f"the IAM role {self.name}", self._cluster)
        return role

    def _make(self) -> None:
        """A name is had once: `made` is certain to be this run's work, and of no other."""
        self._before()
        try:
            with translated(f"create the role {self.name}"):
                self._session.iam.create_role(
                    RoleName=self.name,
                    AssumeRolePolicyDocument=json.dumps(self._trust()),
                    Description=f"clouddeploy: EKS cluster {self._cluster} in {self._session.region}",
                    Tags=[{"Key": OWNER_TAG, "Value": self._cluster}],
                )
            self.made = True
        except CloudDeployError as error:
            if error.code != "EntityAlreadyExists":
                raise
            if self._role() is None:  # whose it is has to be seen before anything is attached to it
                raise TemporaryError(
                    f"the role {self.name} is there, and IAM does not show it yet",
                    fix="run it again in a minute",
                    code=error.code,
                ) from error
            # A retry met its own success.

    def _trust(self) -> dict[str, Any]:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": self._kind.service},
            "Action": list(self._kind.actions),
        }
        return {"Version": "2012-10-17", "Statement": [statement]}

    def _trusts(self, role: RoleTypeDef) -> bool:
        found: Any = role.get("AssumeRolePolicyDocument", {})
        document = json.loads(found) if isinstance(found, str) else found
        return bool(document == self._trust())

    def _missing(self) -> list[tuple[str, str]]:
        prefix = f"arn:{partition(self._session.region).name}:iam::aws:policy/"
        with settling(), translated(f"list the policies of {self.name}"):
            attached = set(self._attached())
        return [(name, prefix + name) for name in self._kind.policies if prefix + name not in attached]

    def _attached(self) -> list[str]:
        pages = self._session.iam.get_paginator("list_attached_role_policies")
        return [
            policy.get("PolicyArn", "")
            for page in pages.paginate(RoleName=self.name)
            for policy in page["AttachedPolicies"]
        ]

    def _leave_profiles(self) -> None:
        iam = self._session.iam
        for profile in iam.list_instance_profiles_for_role(RoleName=self.name)["InstanceProfiles"]:
            iam.remove_role_from_instance_profile(
                InstanceProfileName=profile["InstanceProfileName"], RoleName=self.name
            )
