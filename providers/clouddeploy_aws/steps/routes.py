"""The route table that makes the subnets public."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, NotFoundError, TemporaryError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.steps.doubt import settling
from clouddeploy_aws.steps.naming import ABSENT, incomplete, resource_name, tag_specification, tags_for
from clouddeploy_aws.steps.network import Network

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RouteTableTypeDef

_EVERYWHERE = "0.0.0.0/0"


class RoutesStep:
    """One table: everything else goes to the internet gateway, used by every subnet."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.title = f"routes {resource_name(network.cluster)}"

    def state(self) -> State:
        vpc_id = self._network.vpc_id()
        tables = self._network.route_tables(vpc_id) if vpc_id else []
        if vpc_id is None or not tables:
            return ABSENT
        if not _leads_out(tables[0]):
            return incomplete("no route to the internet")
        outside = self._outside(vpc_id, tables[0])
        if outside:
            return incomplete(f"{', '.join(outside)} does not use the route table")
        return State(Status.READY, tables[0].get("RouteTableId", ""))

    def create(self) -> None:
        vpc_id = self._network.needed_vpc_id()
        tables = self._network.route_tables(vpc_id)
        table = tables[0] if tables else self._make(vpc_id)
        table_id = table.get("RouteTableId", "")
        if not _leads_out(table):
            self._lead_out(table_id)
        for subnet_id in self._outside(vpc_id, table):
            with settling(), translated(f"use the route table in {subnet_id}"):
                self._network.session.ec2.associate_route_table(RouteTableId=table_id, SubnetId=subnet_id)

    def delete(self) -> None:
        vpc_id = self._network.vpc_id()
        for table in self._network.route_tables(vpc_id) if vpc_id else []:
            self._disassociate(table)
            table_id = table.get("RouteTableId", "")
            with suppress(NotFoundError), translated(f"delete {table_id}"):
                self._network.session.ec2.delete_route_table(RouteTableId=table_id)

    def _make(self, vpc_id: str) -> RouteTableTypeDef:
        cluster = self._network.cluster
        tags = tag_specification("route-table", tags_for(cluster, resource_name(cluster)))
        token = hashlib.sha256(f"{cluster} {vpc_id}".encode()).hexdigest()  # the same in the next run
        with settling(), translated("create the route table"):
            answer = self._network.session.ec2.create_route_table(
                VpcId=vpc_id, TagSpecifications=tags, ClientToken=token
            )
        return answer["RouteTable"]

    def _lead_out(self, table_id: str) -> None:
        gateways = self._network.gateways()
        if not gateways:
            raise TemporaryError("the internet gateway is not there yet", fix="run it again")
        gateway = gateways[0].get("InternetGatewayId", "")
        ec2 = self._network.session.ec2
        try:
            with settling(), translated(f"route {table_id} to the internet"):
                ec2.create_route(RouteTableId=table_id, DestinationCidrBlock=_EVERYWHERE, GatewayId=gateway)
        except CloudDeployError as error:
            if error.code != "RouteAlreadyExists":
                raise
            # A retry met its own success, or the route leads to a gateway that is gone.
            with settling(), translated(f"route {table_id} to {gateway}"):
                ec2.replace_route(RouteTableId=table_id, DestinationCidrBlock=_EVERYWHERE, GatewayId=gateway)

    def _outside(self, vpc_id: str, table: RouteTableTypeDef) -> list[str]:
        inside = {item.get("SubnetId") for item in table.get("Associations", [])}
        return [
            subnet_id
            for subnet in self._network.subnets(vpc_id)
            if (subnet_id := subnet.get("SubnetId", "")) not in inside
        ]

    def _disassociate(self, table: RouteTableTypeDef) -> None:
        for item in table.get("Associations", []):
            association = item.get("RouteTableAssociationId", "")
            with suppress(NotFoundError), translated(f"release {association}"):
                self._network.session.ec2.disassociate_route_table(AssociationId=association)


def _leads_out(table: RouteTableTypeDef) -> bool:
    return any(
        route.get("DestinationCidrBlock") == _EVERYWHERE
        and route.get("GatewayId", "").startswith("igw-")
        and route.get("State", "active") == "active"
        for route in table.get("Routes", [])
    )
