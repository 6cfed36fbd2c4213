"""The ACK control plane: managed, in our own VPC, reachable from the internet."""

from __future__ import annotations

import uuid

from clouddeploy.contract import State, Status
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_alibaba.records import AckCluster, find, tasks, why
from clouddeploy_alibaba.sdk import Json
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.doubt import Doubt
from clouddeploy_alibaba.steps.naming import ABSENT, OWNER_TAG, ack_tags, foreign
from clouddeploy_alibaba.steps.network import Network
from clouddeploy_alibaba.wishes import PRO, Wishes

PODS, SERVICES = "172.20.0.0/16", "172.21.0.0/20"
ADDONS = (
    {"name": "flannel"},
    {"name": "csi-plugin"},
    {"name": "csi-provisioner"},
    {"name": "nginx-ingress-controller", "disabled": True},
    {"name": "logtail-ds", "disabled": True},
    {"name": "loongcollector", "disabled": True},
    {"name": "arms-prometheus", "disabled": True},
)
"""What is disabled would make load balancers and log projects that cost money."""
DELETE_TOO = ("SLB", "ALB", "SLS_Data", "SLS_ControlPlane", "PrivateZone")
"""What goes with the cluster; all but SLB would stay. Source: ACK API reference, DeleteCluster."""


def find_ours(session: Session, name: str) -> AckCluster | None:
    """Our cluster; ForeignResourceError when there is only somebody else's of this name."""
    cluster = find(session, name)
    if cluster is None or cluster.owned:
        return cluster
    raise foreign(f"the ACK cluster {name} ({cluster.id})", name)


def check_unprotected(cluster: AckCluster) -> None:
    """PreconditionError for a cluster that ACK will not delete."""
    if cluster.protected:
        off = f"aliyun cs ModifyCluster --ClusterId {cluster.id} --body"
        raise PreconditionError(
            f"the ACK cluster {cluster.name} is protected against deletion",
            fix=f"{off} '{{\"deletion_protection\": false}}'",
        )


def delete_cluster(session: Session, name: str) -> None:
    """Delete our cluster with all its nodes; TemporaryError while ACK still makes it."""
    cluster = find_ours(session, name)
    if cluster is None or cluster.state == "deleting":
        return
    if cluster.state in {"initial", "waiting"}:
        raise TemporaryError(f"the ACK cluster {name} is being created", fix="run it again later")
    check_unprotected(cluster)
    body = {
        "retain_all_resources": False,
        "keep_slb": False,
        "delete_options": [{"resource_type": one, "delete_mode": "delete"} for one in DELETE_TOO],
    }
    try:
        session.sdk.ack(f"delete the ACK cluster {name}", "delete_cluster", cluster.id, body=body)
    except NotFoundError:
        return
    except CloudDeployError as error:
        if "DeletionProtection" in str(error.code):
            raise PreconditionError(error.message, fix="take the protection off", code=error.code) from error
        raise


class ControlPlaneStep:
    """The cluster itself, without nodes."""

    def __init__(self, network: Network, wishes: Wishes) -> None:
        self._network = network
        self._session = network.session
        self._name = network.cluster
        self._wishes = wishes
        self._token = str(uuid.uuid4())
        self._doubt = Doubt()
        kind = "Pro" if wishes.edition == PRO else "Basic"
        self.title = f"control plane (ACK {kind})"

    def state(self) -> State:
        cluster = find_ours(self._session, self._name)
        if cluster is None:
            return State(Status.PENDING, "asked for, not listed yet") if self._doubt.remains() else ABSENT
        self._doubt.clear()
        found = cluster.status(why(self._session, cluster))
        if cluster.state == "running" and self._unfinished(cluster):
            return State(Status.PENDING, "running, its creation goes on")
        return found

    def create(self) -> None:
        """Looks first: an ACK name is no key, and a second create would make a second cluster."""
        if find_ours(self._session, self._name):
            return
        request = self._request()
        try:
            with self._doubt.watching():
                self._session.sdk.ack(f"create the ACK cluster {self._name}", "create_cluster", body=request)
        except ConfigError as error:
            if "version" in error.message.lower() and self._wishes.spec.version:
                error.fix = "leave version out, or use another one"
            raise

    def delete(self) -> None:
        delete_cluster(self._session, self._name)

    def _unfinished(self, cluster: AckCluster) -> bool:
        """ACK says running before the task that installs everything has ended."""
        return any(task.running and task.type == "cluster_create" for task in tasks(self._session, cluster))

    def _request(self) -> Json:
        """Every default that costs money or drifts between API versions is written out."""
        vpc = self._network.needed_vpc()
        vswitches = self._network.vswitches(vpc)
        return {
            "name": self._name,
            "region_id": self._session.region,
            "cluster_type": "ManagedKubernetes",
            "profile": "Default",
            "cluster_spec": self._wishes.edition,
            "kubernetes_version": self._wishes.version,
            "vpcid": vpc.id,
            "vswitch_ids": [one.id for one in vswitches],
            "container_cidr": PODS,
            "service_cidr": SERVICES,
            "node_cidr_mask": "25",
            "proxy_mode": "ipvs",
            "ip_stack": "ipv4",
            "snat_entry": False,
            "endpoint_public_access": True,
            "is_enterprise_security_group": True,
            "ssh_flags": False,
            "cloud_monitor_flags": False,
            "deletion_protection": False,
            "enable_rrsa": False,
            "disable_rollback": True,
            "charge_type": "PostPaid",
            "addons": [dict(addon) for addon in ADDONS],
            "tags": ack_tags({OWNER_TAG: self._name}),
            "client_token": self._token,
        }
