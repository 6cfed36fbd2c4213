"""Finding a cluster's own network in EC2: what the network steps share.

Source of the requirements: EKS user guide, "View Amazon EKS networking requirements for VPC and
subnets".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clouddeploy.errors import CloudDeployError, PreconditionError, TemporaryError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.session import Session
from clouddeploy_aws.steps.naming import foreign, named, ours, resource_name

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        FilterTypeDef,
        InternetGatewayTypeDef,
        RouteTableTypeDef,
        SubnetTypeDef,
        VpcTypeDef,
    )

_ZONES_WANTED = 3
_ZONES_NEEDED = 2
_REFUSED_ZONES = {"use1-az3", "usw1-az2", "cac1-az3"}
"""Zone ids where EKS takes no subnets; same source as above."""


class Network:
    """What the network steps share: looking things up in EC2."""

    def __init__(self, session: Session, cluster: str) -> None:
        self.session = session
        self.cluster = cluster

    def vpc(self) -> VpcTypeDef | None:
        """Our VPC; raises ForeignResourceError when only somebody else's has its name."""
        mine = self.vpcs()
        if mine:
            return mine[0]
        others = self._vpcs(named(resource_name(self.cluster)))
        if others:
            raise foreign(f"the VPC {others[0].get('VpcId')} ({resource_name(self.cluster)})", self.cluster)
        return None

    def vpcs(self) -> list[VpcTypeDef]:
        """Every VPC of ours: more than one only if somebody copied our tags."""
        return self._vpcs(ours(self.cluster))

    def vpc_id(self) -> str | None:
        found = self.vpc()
        return found.get("VpcId") if found else None

    def needed_vpc_id(self) -> str:
        """Raises TemporaryError while the VPC is not there, or not yet visible."""
        found = self.vpc_id()
        if found is None:
            raise TemporaryError("the VPC is not there yet", fix="run it again")
        return found

    def gateways(self) -> list[InternetGatewayTypeDef]:
        with translated("look for the internet gateway"):
            pages = self.session.ec2.get_paginator("describe_internet_gateways")
            return [
                gateway
                for page in pages.paginate(Filters=ours(self.cluster))
                for gateway in page["InternetGateways"]
            ]

    def subnets(self, vpc_id: str) -> list[SubnetTypeDef]:
        """Our subnets in the VPC, by zone."""
        with translated("look for the subnets"):
            pages = self.session.ec2.get_paginator("describe_subnets")
            found = [
                subnet
                for page in pages.paginate(Filters=[*ours(self.cluster), *within(vpc_id)])
                for subnet in page["Subnets"]
            ]
        return sorted(found, key=lambda subnet: subnet.get("AvailabilityZone", ""))

    def route_tables(self, vpc_id: str) -> list[RouteTableTypeDef]:
        with translated("look for the route table"):
            pages = self.session.ec2.get_paginator("describe_route_tables")
            return [
                table
                for page in pages.paginate(Filters=[*ours(self.cluster), *within(vpc_id)])
                for table in page["RouteTables"]
            ]

    def zones(self) -> list[str]:
        """Zones of the region that take EKS subnets, at most three, always in the same order."""
        with translated("list the availability zones"):
            answer = self.session.ec2.describe_availability_zones(
                Filters=[
                    {"Name": "opt-in-status", "Values": ["opt-in-not-required"]},
                    {"Name": "state", "Values": ["available"]},
                ]
            )
        usable = [
            zone.get("ZoneName", "")
            for zone in answer["AvailabilityZones"]
            if zone.get("ZoneId") not in _REFUSED_ZONES
        ]
        if len(usable) < _ZONES_NEEDED:
            raise PreconditionError(
                f"EKS needs two availability zones, {self.session.region} offers {len(usable)}",
                fix="choose another region",
            )
        return sorted(usable)[:_ZONES_WANTED]

    def held_by(self, vpc_id: str) -> str:
        """Who still uses the VPC, in words; "" for nobody."""
        with translated("look for network interfaces"):
            found = self.session.ec2.describe_network_interfaces(Filters=within(vpc_id))["NetworkInterfaces"]
        return ", ".join(
            f"{face.get('NetworkInterfaceId')} ({face.get('Description') or 'no description'})"
            for face in found
        )

    def _vpcs(self, filters: Sequence[FilterTypeDef]) -> list[VpcTypeDef]:
        with translated("look for the VPC"):
            pages = self.session.ec2.get_paginator("describe_vpcs").paginate(Filters=filters)
            found = [vpc for page in pages for vpc in page["Vpcs"]]
        return sorted(found, key=lambda vpc: vpc.get("VpcId", ""))


@contextmanager
def waiting(network: Network, what: str, vpc_id: str) -> Iterator[None]:
    """A DependencyViolation becomes a TemporaryError that names what still uses the VPC."""
    try:
        yield
    except CloudDeployError as error:
        if error.code != "DependencyViolation":
            raise
        holders = network.held_by(vpc_id)
        raise TemporaryError(
            f"{what} still has network interfaces: {holders}" if holders else error.message,
            fix="wait until they are gone; delete load balancers that were made by hand",
            code=error.code,
        ) from error


def within(vpc_id: str) -> list[FilterTypeDef]:
    """Filter by the VPC."""
    return [{"Name": "vpc-id", "Values": [vpc_id]}]
