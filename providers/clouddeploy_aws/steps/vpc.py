"""The cluster's VPC."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from clouddeploy.contract import State, Status
from clouddeploy.errors import NotFoundError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.steps.doubt import Doubt, settling
from clouddeploy_aws.steps.groups import clear_groups
from clouddeploy_aws.steps.naming import incomplete, resource_name, tag_specification, tags_for
from clouddeploy_aws.steps.network import Network, waiting

_CIDR = "10.64.0.0/16"


class VpcStep:
    """A VPC with DNS support and DNS host names: nodes register by name.

    `before` raises what the cluster would fail with.
    """

    def __init__(self, network: Network, doubt: Doubt, before: Callable[[], object]) -> None:
        self._network = network
        self._doubt = doubt
        self._before = before
        self.title = f"VPC {resource_name(network.cluster)}"

    def state(self) -> State:
        vpc = self._network.vpc()
        if vpc is None:
            return self._doubt.absent()
        vpc_id = vpc.get("VpcId", "")
        if vpc.get("State") != "available":
            return State(Status.PENDING, f"{vpc_id} is {vpc.get('State')}")
        if not self._has_dns(vpc_id):
            return incomplete(f"{vpc_id} has no DNS host names")
        return State(Status.READY, vpc_id)

    def create(self) -> None:
        vpc_id = self._network.vpc_id() or self._make()
        ec2 = self._network.session.ec2
        with settling(), translated(f"turn on DNS in {vpc_id}"):  # one attribute a call, support first
            ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": True})
            ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})

    def delete(self) -> None:
        """Deletes the security groups that the cluster's controllers left behind, then the VPC."""
        self._doubt.made("")
        for vpc in self._network.vpcs():
            vpc_id = vpc.get("VpcId", "")
            clear_groups(self._network, vpc_id)
            with (
                suppress(NotFoundError),
                waiting(self._network, vpc_id, vpc_id),
                translated(f"delete {vpc_id}"),
            ):
                self._network.session.ec2.delete_vpc(VpcId=vpc_id)

    def _make(self) -> str:
        cluster = self._network.cluster
        self._before()
        tags = tag_specification("vpc", tags_for(cluster, resource_name(cluster)))
        with self._doubt.making("VPC"), translated("create the VPC"):
            answer = self._network.session.ec2_once.create_vpc(CidrBlock=_CIDR, TagSpecifications=tags)
        return self._doubt.made(answer["Vpc"].get("VpcId", ""))

    def _has_dns(self, vpc_id: str) -> bool:
        ec2 = self._network.session.ec2
        with settling(), translated(f"look at {vpc_id}"):
            support = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
            names = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
        on = support["EnableDnsSupport"].get("Value"), names["EnableDnsHostnames"].get("Value")
        return all(on)
