"""Public subnets in two or three availability zones."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_network
from itertools import islice
from typing import TYPE_CHECKING

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, NotFoundError, TemporaryError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.steps.doubt import settling
from clouddeploy_aws.steps.naming import (
    ABSENT,
    incomplete,
    resource_name,
    tag_map,
    tag_specification,
    tags_for,
)
from clouddeploy_aws.steps.network import Network, waiting

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SubnetTypeDef

_PREFIX = 20  # 4,091 addresses: Auto Mode gives every pod one
_PUBLIC = {"kubernetes.io/role/elb": "1"}
"""Where load balancers for the internet go (EKS user guide, "Tag subnets for EKS Auto Mode")."""


class SubnetsStep:
    """One subnet a zone, whose nodes get public addresses: no NAT gateway to pay for."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.title = f"subnets {resource_name(network.cluster)}"

    def state(self) -> State:
        vpc_id = self._network.vpc_id()
        found = self._network.subnets(vpc_id) if vpc_id else []
        if not found:
            return ABSENT
        missing = sorted(set(self._network.zones()) - {_zone(subnet) for subnet in found})
        if missing:
            return incomplete(f"no subnet in {', '.join(missing)}")
        private = [subnet.get("SubnetId", "") for subnet in found if not _public(subnet)]
        if private:
            return incomplete(f"{', '.join(private)} gives no public addresses")
        if any(subnet.get("State") != "available" for subnet in found):
            return State(Status.PENDING, "not available yet")
        return State(Status.READY, ", ".join(_zone(subnet) for subnet in found))

    def create(self) -> None:
        vpc = self._network.vpc()
        vpc_id = self._network.needed_vpc_id()
        found = self._network.subnets(vpc_id)
        there = {_zone(subnet) for subnet in found}
        missing = [zone for zone in self._network.zones() if zone not in there]
        free = _free_blocks(vpc.get("CidrBlock", "") if vpc else "", found)
        made = [self._make(vpc_id, zone, block) for zone, block in zip(missing, free, strict=False)]
        for subnet_id in made:
            self._publish(subnet_id)
        for subnet in found:
            if not _public(subnet):
                self._publish(subnet.get("SubnetId", ""))
                self._mark(subnet.get("SubnetId", ""))

    def delete(self) -> None:
        vpc_id = self._network.vpc_id()
        for subnet in self._network.subnets(vpc_id) if vpc_id else []:
            subnet_id = subnet.get("SubnetId", "")
            with (
                suppress(NotFoundError),
                waiting(self._network, subnet_id, vpc_id or ""),
                translated(f"delete {subnet_id}"),
            ):
                self._network.session.ec2.delete_subnet(SubnetId=subnet_id)

    def _make(self, vpc_id: str, zone: str, block: str) -> str:
        cluster = self._network.cluster
        tags = tags_for(cluster, resource_name(cluster, zone), _PUBLIC)
        try:
            with settling(), translated(f"create the subnet in {zone}"):
                answer = self._network.session.ec2_once.create_subnet(
                    VpcId=vpc_id,
                    AvailabilityZone=zone,
                    CidrBlock=block,
                    TagSpecifications=tag_specification("subnet", tags),
                )
        except CloudDeployError as error:
            if error.code == "InvalidSubnet.Conflict":  # zones take their blocks in order: it is this one
                raise TemporaryError(f"the subnet in {zone} is not listed yet", code=error.code) from error
            raise
        return answer["Subnet"].get("SubnetId", "")

    def _publish(self, subnet_id: str) -> None:
        with settling(), translated(f"let {subnet_id} give public addresses"):
            self._network.session.ec2.modify_subnet_attribute(
                SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True}
            )

    def _mark(self, subnet_id: str) -> None:
        with settling(), translated(f"tag {subnet_id}"):
            self._network.session.ec2.create_tags(
                Resources=[subnet_id], Tags=[{"Key": key, "Value": value} for key, value in _PUBLIC.items()]
            )


def _zone(subnet: SubnetTypeDef) -> str:
    return subnet.get("AvailabilityZone", "")


def _public(subnet: SubnetTypeDef) -> bool:
    tags = tag_map(subnet.get("Tags", []))
    return bool(subnet.get("MapPublicIpOnLaunch")) and _PUBLIC.items() <= tags.items()


def _free_blocks(vpc: str, taken: Sequence[SubnetTypeDef]) -> list[str]:
    used = [ip_network(subnet.get("CidrBlock", "")) for subnet in taken]
    blocks = ip_network(vpc).subnets(new_prefix=_PREFIX)
    free = (block for block in blocks if not any(block.overlaps(other) for other in used))
    return [str(block) for block in islice(free, 3)]
