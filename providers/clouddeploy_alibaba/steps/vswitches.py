"""A vSwitch in each zone that the nodes may be in."""

from __future__ import annotations

import uuid
from contextlib import suppress

from clouddeploy.contract import State, Status
from clouddeploy.errors import NotFoundError
from clouddeploy_alibaba.steps.naming import ABSENT, OWNER_TAG, incomplete, resource_name, rpc_tags
from clouddeploy_alibaba.steps.network import Network, Vpc


class VSwitchesStep:
    """The VPC's tag says which zones they belong into, so a missing one is noticed."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._tokens: dict[str, str] = {}
        self.title = f"vSwitches {resource_name(network.cluster)}"

    def state(self) -> State:
        vpc = self._network.vpc()
        found = self._network.vswitches(vpc) if vpc else []
        if vpc is None or not found:
            return ABSENT
        told = " ".join(one.id for one in found)
        if any(one.status != "Available" for one in found):
            return State(Status.PENDING, told)
        missing = self._missing(vpc)
        return incomplete(f"no vSwitch in {', '.join(missing)}") if missing else State(Status.READY, told)

    def create(self) -> None:
        """One of those that are missing: a VPC makes no two at once (VPC API reference, CreateVSwitch)."""
        vpc = self._network.needed_vpc()
        for zone in self._missing(vpc)[:1]:
            self._make(vpc, zone)

    def delete(self) -> None:
        vpc = self._network.vpc()
        for vswitch in self._network.vswitches(vpc) if vpc else ():
            if vswitch.status != "Deleting":
                with suppress(NotFoundError):
                    self._network.session.sdk.rpc(
                        f"delete {vswitch.id}", "VPC", "DeleteVSwitch", VSwitchId=vswitch.id
                    )

    def _missing(self, vpc: Vpc) -> list[str]:
        there = {one.zone for one in self._network.vswitches(vpc)}
        return [zone for zone in vpc.zones if zone not in there]

    def _make(self, vpc: Vpc, zone: str) -> None:
        cluster = self._network.cluster
        token = self._tokens.setdefault(f"{vpc.id} {zone}", str(uuid.uuid4()))
        self._network.session.sdk.rpc(
            f"create a vSwitch in {zone}",
            "VPC",
            "CreateVSwitch",
            VpcId=vpc.id,
            ZoneId=zone,
            CidrBlock=self._network.free_cidr(vpc),
            VSwitchName=resource_name(cluster, zone),
            Tag=rpc_tags({OWNER_TAG: cluster}),
            ClientToken=token,
        )
