"""The way from the VPC to the internet."""

from __future__ import annotations

from contextlib import suppress

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.steps.doubt import Doubt, settling
from clouddeploy_aws.steps.naming import incomplete, resource_name, tag_specification, tags_for
from clouddeploy_aws.steps.network import Network, waiting


class GatewayStep:
    """An internet gateway, attached to the VPC."""

    def __init__(self, network: Network, doubt: Doubt) -> None:
        self._network = network
        self._doubt = doubt
        self.title = f"internet gateway {resource_name(network.cluster)}"

    def state(self) -> State:
        found = self._network.gateways()
        if not found:
            return self._doubt.absent()
        gateway_id = found[0].get("InternetGatewayId", "")
        vpc_id = self._network.vpc_id()
        if vpc_id is None or vpc_id not in _attached(found[0].get("Attachments", [])):
            return incomplete(f"{gateway_id} is not attached")
        return State(Status.READY, gateway_id)

    def create(self) -> None:
        vpc_id = self._network.needed_vpc_id()
        found = self._network.gateways()
        gateway_id = found[0].get("InternetGatewayId", "") if found else self._make()
        if found and vpc_id in _attached(found[0].get("Attachments", [])):
            return
        self._attach(gateway_id, vpc_id)

    def delete(self) -> None:
        self._doubt.made("")
        for gateway in self._network.gateways():
            gateway_id = gateway.get("InternetGatewayId", "")
            for vpc_id in _attached(gateway.get("Attachments", [])):
                self._detach(gateway_id, vpc_id)
            with suppress(NotFoundError), translated(f"delete {gateway_id}"):
                self._network.session.ec2.delete_internet_gateway(InternetGatewayId=gateway_id)

    def _make(self) -> str:
        cluster = self._network.cluster
        tags = tag_specification("internet-gateway", tags_for(cluster, resource_name(cluster)))
        with self._doubt.making("internet gateway"), translated("create the internet gateway"):
            answer = self._network.session.ec2_once.create_internet_gateway(TagSpecifications=tags)
        return self._doubt.made(answer["InternetGateway"].get("InternetGatewayId", ""))

    def _attach(self, gateway_id: str, vpc_id: str) -> None:
        """A retry that meets its own success is one."""
        try:
            with settling(), translated(f"attach {gateway_id}"):
                self._network.session.ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id)
        except CloudDeployError as error:
            found = [vpc for one in self._network.gateways() for vpc in _attached(one.get("Attachments", []))]
            if error.code != "Resource.AlreadyAssociated" or vpc_id not in found:
                raise

    def _detach(self, gateway_id: str, vpc_id: str) -> None:
        ec2 = self._network.session.ec2
        try:
            with waiting(self._network, vpc_id, vpc_id), translated(f"detach {gateway_id}"):
                ec2.detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id)
        except CloudDeployError as error:
            if error.code != "Gateway.NotAttached":
                raise


def _attached(attachments: object) -> list[str]:
    found = attachments if isinstance(attachments, list) else []
    return [item["VpcId"] for item in found if item.get("VpcId")]
