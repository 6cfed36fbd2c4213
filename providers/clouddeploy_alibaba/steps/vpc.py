"""The cluster's own network."""

from __future__ import annotations

import uuid
from contextlib import suppress

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, NotFoundError, TemporaryError
from clouddeploy_alibaba.leftovers import balancers
from clouddeploy_alibaba.steps.naming import ABSENT, OWNER_TAG, ZONES_TAG, resource_name, rpc_tags
from clouddeploy_alibaba.steps.network import CIDR, Network, Vpc
from clouddeploy_alibaba.wishes import Wishes


class VpcStep:
    """The VPC, which costs nothing. Before it is made, everything else is checked."""

    def __init__(self, network: Network, wishes: Wishes) -> None:
        self._network = network
        self._wishes = wishes
        self._token = str(uuid.uuid4())
        self.title = f"VPC {resource_name(network.cluster)}"

    def state(self) -> State:
        vpc = self._network.vpc()
        if vpc is None:
            return ABSENT
        return State(Status.READY if vpc.status == "Available" else Status.PENDING, f"{vpc.id} {vpc.status}")

    def create(self) -> None:
        if self._network.vpc():
            return
        self._wishes.check()
        cluster = self._network.cluster
        tags = {OWNER_TAG: cluster, ZONES_TAG: " ".join(self._wishes.zones)}
        self._network.session.sdk.rpc(
            "create the VPC",
            "VPC",
            "CreateVpc",
            CidrBlock=CIDR,
            VpcName=resource_name(cluster),
            Description="made by clouddeploy",
            EnableIpv6=False,
            Tag=rpc_tags(tags),
            ClientToken=self._token,
        )

    def delete(self) -> None:
        vpc = self._network.vpc()
        if vpc is None:
            return
        try:
            with suppress(NotFoundError):
                self._network.session.sdk.rpc(f"delete {vpc.id}", "VPC", "DeleteVpc", VpcId=vpc.id)
        except TemporaryError as error:
            _explain(self._network, vpc, error)
            raise


def _explain(network: Network, vpc: Vpc, error: CloudDeployError) -> None:
    """Name what keeps a VPC from being deleted, if it is a load balancer."""
    found = balancers(network.session, vpc_id=vpc.id) if "DependencyViolation" in str(error.code) else []
    if found:
        names = ", ".join(one.id for one in found)
        raise TemporaryError(
            f"{error.message}; load balancers are still in it: {names}",
            fix=f"delete them: aliyun slb DeleteLoadBalancer --LoadBalancerId {found[0].id}",
            code=error.code,
        ) from error
