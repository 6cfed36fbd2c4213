"""The EKS control plane, in Auto Mode: EKS makes nodes as pods need them.

Source of the request: EKS user guide, "Create an EKS Auto Mode cluster with the AWS CLI"; all
three Auto Mode switches must be on in the same request.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from clouddeploy.contract import OWNER_TAG, ClusterSpec, State
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    ForeignResourceError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_aws.clusters import find, owned, state_of
from clouddeploy_aws.errors import member_of, translated
from clouddeploy_aws.session import Session
from clouddeploy_aws.steps.naming import ABSENT, tag_map, tags_for
from clouddeploy_aws.steps.network import Network
from clouddeploy_aws.steps.roles import RoleStep
from clouddeploy_aws.steps.versions import check_creatable

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SubnetTypeDef
    from mypy_boto3_eks.type_defs import ClusterTypeDef

GENERATION_TAG = "clouddeploy:generation"
"""Tag of the VPC: when the cluster that was deleted last was made. Without it a cluster made again
in the same VPC would repeat the client request token of the deleted one."""

_SUBNET_NOT_YET = re.compile(r"InvalidSubnetID\.NotFound|subnet ID \S+ does not exist")
_ROLE_NOT_YET = re.compile(r"could not be assumed|Error in role params")


def find_ours(session: Session, name: str) -> ClusterTypeDef | None:
    """The cluster of this name; ForeignResourceError when it does not carry our tag."""
    cluster = find(session, name)
    if cluster is None or owned(cluster):
        return cluster
    raise ForeignResourceError(
        f"the EKS cluster {name} exists but does not carry the tag {OWNER_TAG}={name}: it is not ours",
        fix=f"to only use it, write cluster: {{existing: {name}}}; else choose another name",
    )


def check(session: Session, spec: ClusterSpec) -> None:
    """ConfigError for a machine, which nobody chooses in Auto Mode, and for a version that is not offered,
    or no longer with standard support.

    Who may not ask for the versions hears of it from EKS later.
    """
    if spec.machine:
        raise ConfigError(
            f"EKS Auto Mode chooses the machines by the pods, and makes no {spec.machine} by name",
            fix="leave machine out; what pods request decides",
        )
    with suppress(CredentialsError):
        if spec.version:
            check_creatable(session, spec.version)


class ControlPlaneStep:
    """The cluster itself. `nodes`, `cpus` and `memory_gib` have no meaning in Auto Mode.

    `roles` are the control plane's and the nodes'.
    """

    title = "EKS control plane, Auto Mode"

    def __init__(
        self, session: Session, spec: ClusterSpec, network: Network, roles: tuple[RoleStep, RoleStep]
    ) -> None:
        self._session = session
        self._spec = spec
        self._network = network
        self._role, self._nodes = roles

    def state(self) -> State:
        cluster = find_ours(self._session, self._spec.name)
        return state_of(cluster) if cluster else ABSENT

    def create(self) -> None:
        """TemporaryError while IAM has not yet told EKS about a role it made seconds ago."""
        if find_ours(self._session, self._spec.name) is not None:
            return
        subnets = self._network.subnets(self._network.needed_vpc_id())
        try:
            self._make(subnets)
        except CloudDeployError as error:
            zones = member_of(error, "validZones")
            if not zones:
                raise
            self._make(_in_zones(subnets, zones))

    def delete(self) -> None:
        cluster = find_ours(self._session, self._spec.name)
        if cluster is None or cluster.get("status") == "DELETING":
            return
        if cluster.get("deletionProtection"):
            raise PreconditionError(
                f"the EKS cluster {self._spec.name} is protected against deletion",
                fix=f"aws eks update-cluster-config --name {self._spec.name} --no-deletion-protection",
            )
        self._remember(cluster)
        try:
            with translated(f"delete the EKS cluster {self._spec.name}"):
                self._session.eks.delete_cluster(name=self._spec.name)
        except NotFoundError:
            return
        except CloudDeployError as error:
            if error.code != "ResourceInUseException":
                raise
            # Node groups, an update or the creation are under way: it may succeed later.
            raise TemporaryError(
                error.message, fix="wait until it is done and run it again", code=error.code
            ) from error

    def _make(self, subnets: Sequence[SubnetTypeDef]) -> None:
        request = self._request(subnets)
        token = hashlib.sha256(json.dumps([self._generation(), request], sort_keys=True).encode()).hexdigest()
        name = self._spec.name
        try:
            with translated(f"create the EKS cluster {name}"):
                self._session.eks.create_cluster(**request, clientRequestToken=token)
        except CloudDeployError as error:
            if error.code == "ResourceInUseException":  # a retry met its own success
                return
            self._explain(error)
            raise

    def _request(self, subnets: Sequence[SubnetTypeDef]) -> dict[str, Any]:
        name = self._spec.name
        request: dict[str, Any] = {
            "name": name,
            "roleArn": _needed(self._role),
            "resourcesVpcConfig": {
                "subnetIds": [subnet.get("SubnetId", "") for subnet in subnets],
                "endpointPublicAccess": True,
                "endpointPrivateAccess": True,
            },
            "accessConfig": {
                "authenticationMode": "API",
                "bootstrapClusterCreatorAdminPermissions": True,
            },
            "bootstrapSelfManagedAddons": False,
            "computeConfig": {
                "enabled": True,
                "nodePools": ["general-purpose", "system"],
                "nodeRoleArn": _needed(self._nodes),
            },
            "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
            "upgradePolicy": {"supportType": "STANDARD"},  # EXTENDED, the default, costs six times as much
            "storageConfig": {"blockStorage": {"enabled": True}},
            "tags": tags_for(name, name),
        }
        return {**request, "version": self._spec.version} if self._spec.version else request

    def _generation(self) -> list[str]:
        """What makes the token this account's, this region's and this life's of the cluster."""
        vpc = self._network.vpc()
        tags = tag_map(vpc.get("Tags", [])) if vpc else {}
        return [
            self._session.identity().account,
            self._session.region,
            vpc.get("VpcId", "") if vpc else "",
            tags.get(GENERATION_TAG, ""),
        ]

    def _remember(self, cluster: ClusterTypeDef) -> None:
        vpc_id = self._network.vpc_id()
        made = cluster.get("createdAt")
        if vpc_id and made:
            with translated(f"tag {vpc_id}"):
                self._session.ec2.create_tags(
                    Resources=[vpc_id], Tags=[{"Key": GENERATION_TAG, "Value": made.isoformat()}]
                )

    def _explain(self, error: CloudDeployError) -> None:
        """Raise what the service means; return for an error that says it itself."""
        if _ROLE_NOT_YET.search(error.message):
            raise TemporaryError(
                f"the new role is not known to EKS yet: {error.message}",
                fix="wait a minute and run it again",
                code=error.code,
            ) from error
        if _SUBNET_NOT_YET.search(error.message):
            raise TemporaryError(
                f"a new subnet is not known to EKS yet: {error.message}",
                fix="wait a minute and run it again",
                code=error.code,
            ) from error


def _needed(role: RoleStep) -> str:
    arn = role.arn()
    if arn is None:
        raise TemporaryError(f"the role {role.name} is not there yet", fix="run it again")
    return arn


def _in_zones(subnets: Sequence[SubnetTypeDef], zones: Sequence[str]) -> list[SubnetTypeDef]:
    found = [subnet for subnet in subnets if subnet.get("AvailabilityZone") in zones]
    if len(found) < 2:
        raise PreconditionError(
            f"EKS takes only the zones {', '.join(zones)}, and fewer than two of our subnets are there",
            fix="choose another region",
        )
    return found
