"""The worker nodes: one node pool that keeps as many as are wished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clouddeploy.contract import State, Status
from clouddeploy.errors import TemporaryError
from clouddeploy_alibaba.costs import DISK_GIB
from clouddeploy_alibaba.records import AckCluster
from clouddeploy_alibaba.sdk import Json
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.control_plane import delete_cluster, find_ours
from clouddeploy_alibaba.steps.doubt import Doubt
from clouddeploy_alibaba.steps.naming import ABSENT, OWNER_TAG, ack_tags, foreign, resource_name, tag_map
from clouddeploy_alibaba.steps.network import Network
from clouddeploy_alibaba.wishes import Wishes

_BANDWIDTH = 50  # Mbit/s at most; paid by what is used
_BUSY = {"scaling", "updating", "removing", "removing_nodes", "deleting", "initial", "upgrading"}


@dataclass(frozen=True)
class NodePool:
    """A node pool as ACK describes it."""

    id: str
    name: str
    state: str
    desired: int
    serving: int
    failed: int = 0
    created: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> NodePool:
        info, status = answer.get("nodepool_info", {}), answer.get("status", {})
        group = answer.get("scaling_group", {})
        return cls(
            id=str(info.get("nodepool_id", "")),
            name=str(info.get("name", "")),
            state=str(status.get("state", "")),
            desired=int(group.get("desired_size") or 0),
            serving=int(status.get("serving_nodes") or 0),
            failed=int(status.get("failed_nodes") or 0),
            created=str(info.get("created", "")),
            tags=tag_map(group.get("tags")),
        )

    def status(self) -> State:
        """READY once every wished node serves."""
        told = f"{self.serving} of {self.desired} nodes, {self.state}"
        if self.state in _BUSY or self.serving != self.desired:
            return State(Status.PENDING, f"{told}, {self.failed} failed" if self.failed else told)
        return State(Status.READY, told)


def find_pool(session: Session, cluster: AckCluster) -> NodePool | None:
    """Our pool of a cluster; ForeignResourceError when another one has its name."""
    name = resource_name(cluster.name)
    answer = session.sdk.ack(
        f"list the node pools of {cluster.name}",
        "describe_cluster_node_pools",
        cluster.id,
        body={"NodepoolName": name},
    )
    found = [pool for pool in map(NodePool.read, answer.get("nodepools") or ()) if pool.name == name]
    ours = [pool for pool in found if pool.tags.get(OWNER_TAG) == cluster.name]
    if found and not ours:
        raise foreign(f"the node pool {name} ({found[0].id})", cluster.name)
    return ours[0] if ours else None


class NodePoolStep:
    """The nodes. They have public addresses, so that no NAT gateway has to be paid."""

    def __init__(self, network: Network, wishes: Wishes) -> None:
        self._network = network
        self._session = network.session
        self._name = network.cluster
        self._wishes = wishes
        self._doubt = Doubt()
        self.title = f"node pool {resource_name(self._name)}"

    def state(self) -> State:
        cluster = find_ours(self._session, self._name)
        waits = waiting_for(cluster)
        if cluster is None or waits:
            return waits or ABSENT
        pool = find_pool(self._session, cluster)
        if pool is None:
            return State(Status.PENDING, "asked for, not listed yet") if self._doubt.remains() else ABSENT
        self._doubt.clear()
        return pool.status()

    def create(self) -> None:
        cluster = needed(self._session, self._name)
        if find_pool(self._session, cluster):
            return
        request = self._request()
        with self._doubt.watching():
            self._session.sdk.ack(
                f"create the node pool of {self._name}", "create_cluster_node_pool", cluster.id, body=request
            )

    def delete(self) -> None:
        """The cluster goes, and takes its nodes along: a pool that is deleted alone is drained first.

        ACK drains for half an hour, by force too, where a PodDisruptionBudget such as CoreDNS's lets no pod
        go, and a cluster's last node is always in that case. Source: ACK documentation, "Remove a node".
        """
        delete_cluster(self._session, self._name)

    def _request(self) -> Json:
        vswitches = self._network.vswitches(self._network.needed_vpc())
        tags = ack_tags({OWNER_TAG: self._name})
        return {
            "nodepool_info": {"name": resource_name(self._name), "type": "ess"},
            "auto_scaling": {"enable": False},
            "management": {"enable": False},
            "scaling_group": {
                "vswitch_ids": [one.id for one in vswitches],
                "instance_types": [self._wishes.machine_in([one.zone for one in vswitches])],
                "instance_charge_type": "PostPaid",
                "spot_strategy": "NoSpot",
                "system_disk_category": "cloud_essd",
                "system_disk_performance_level": "PL0",
                "system_disk_size": DISK_GIB,
                "image_type": "AliyunLinux3",
                "multi_az_policy": "BALANCE",
                "internet_charge_type": "PayByTraffic",
                "internet_max_bandwidth_out": _BANDWIDTH,
                "desired_size": self._wishes.nodes,
                "tags": tags,
            },
            "kubernetes_config": {"runtime": "containerd", "cms_enabled": False, "unschedulable": False},
        }


def waiting_for(cluster: AckCluster | None) -> State | None:
    """What a step says while its cluster is on its way in either direction; None when it is usable."""
    if cluster is None or cluster.state in {"deleting", "failed", "delete_failed"}:
        return ABSENT
    return None if cluster.usable else State(Status.PENDING, f"waits for the cluster, {cluster.state}")


def needed(session: Session, name: str) -> AckCluster:
    """Our cluster when it can be used; else TemporaryError."""
    cluster = find_ours(session, name)
    if cluster is None or not cluster.usable:
        raise TemporaryError(f"the ACK cluster {name} is not there yet", fix="run it again")
    return cluster
