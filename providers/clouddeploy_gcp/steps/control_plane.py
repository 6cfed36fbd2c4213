"""The GKE cluster with its nodes, made in one request.

Without a word about nodes it is an Autopilot cluster: GKE makes nodes as pods need them. Else a
Standard one, in one zone, or with `ha` in the region.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from clouddeploy.contract import ClusterSpec, State, Status
from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy_gcp import choices
from clouddeploy_gcp.clusters import find, owned
from clouddeploy_gcp.compute import Compute, Region
from clouddeploy_gcp.errors import DISABLED, EXISTS, translated
from clouddeploy_gcp.records import GkeCluster
from clouddeploy_gcp.sdk import SCOPE
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.apis import settled
from clouddeploy_gcp.steps.naming import ABSENT, LABEL, POOL, foreign
from clouddeploy_gcp.steps.operations import failure_of


class ClusterStep:
    """The cluster. GKE knows no token that makes a create repeatable: it is looked for first, always."""

    def __init__(self, session: Session, spec: ClusterSpec) -> None:
        self._session = session
        self._spec = spec
        self._operation: tuple[str, str] | None = None
        kind = "Autopilot" if choices.autopilot(spec) else "Standard"
        self.title = f"GKE cluster {spec.name}, {kind}"

    def state(self) -> State:
        """A create that ended in nothing is FAILED, with the operation's own words."""
        cluster = self._find()
        if cluster is not None:
            return cluster.state
        return self._made(*self._operation) if self._operation else ABSENT

    def check(self) -> None:
        """ConfigError for what GKE does not offer and PreconditionError for a quota that would not do."""
        if self._find() is None:
            self._request  # noqa: B018 - looking it up is the check

    def create(self) -> None:
        """Checks as `check` does, before the write."""
        if self._find() is not None:
            return
        with settled(self._session):
            self._make(*self._request)

    def _make(self, location: str, request: Mapping[str, Any]) -> None:
        name = self._spec.name
        try:
            with translated(f"create the GKE cluster {name}"):
                answer = self._session.sdk.container(
                    "create_cluster", {"parent": self._session.parent(location), "cluster": request}
                )
        except CloudDeployError as error:
            if error.code == EXISTS:  # a doubtful create was carried out, or somebody was faster
                return
            raise
        self._operation = (location, str(answer["name"]))

    def delete(self) -> None:
        """TemporaryError while GKE works on the cluster."""
        self._operation = None
        cluster = self._find()
        if cluster is None or cluster.status == "STOPPING":
            return
        where = f"{self._session.parent(cluster.location)}/clusters/{cluster.name}"
        try:
            with translated(f"delete the GKE cluster {cluster.name}"):
                self._session.sdk.container("delete_cluster", {"name": where})
        except NotFoundError:
            return

    def _find(self) -> GkeCluster | None:
        name = self._spec.name
        try:
            cluster = find(self._session, name)
        except CloudDeployError as error:
            if error.code != DISABLED:
                raise
            return None  # without the API there is no cluster
        if cluster is None or owned(cluster):
            return cluster
        fix = f"to only use it, write cluster: {{existing: {name}}}; else choose another name"
        raise foreign(f"the GKE cluster {name}", name, fix)

    def _made(self, location: str, operation: str) -> State:
        """What became of our create while no cluster shows."""
        done, failure = failure_of(self._session, location, operation)
        if failure:
            return State(Status.FAILED, failure)
        return ABSENT if done else State(Status.PENDING, "PROVISIONING")

    @cached_property
    def _request(self) -> tuple[str, Mapping[str, Any]]:
        """Location and cluster, with every default that costs money or opens a door written out."""
        session, spec = self._session, self._spec
        compute = Compute(session)
        region = compute.region()
        if choices.autopilot(spec):
            default, offered = choices.versions(session, region.name)
            version = choices.version(spec.version, default, offered)
            return region.name, {**_common(session, spec, version), **_autopilot(session)}
        zones = choices.zones_of(session, region, compute)
        plan = choices.layout(spec, region, zones)
        default, offered = choices.versions(session, plan.location)
        version = choices.version(spec.version, default, offered)
        nodes = _nodes(session, spec, plan, self._machine(plan, region, compute))
        return plan.location, {**_common(session, spec, version), **nodes}

    def _machine(self, plan: choices.Layout, region: Region, compute: Compute) -> str:
        machine = choices.machine(self._spec, compute.machines(plan.zones[0]))
        choices.check_quota(region, choices.needed(machine, plan.nodes))
        return machine.name


def _common(session: Session, spec: ClusterSpec, version: str) -> dict[str, Any]:
    options = session.target.options
    return {
        "name": spec.name,
        "description": "made by clouddeploy",
        "initial_cluster_version": version,
        "release_channel": {"channel": choices.CHANNEL},
        "resource_labels": {LABEL: spec.name},
        "network": options.get("network", "default"),
        "subnetwork": options.get("subnetwork", ""),
        "ip_allocation_policy": {"use_ip_aliases": True},
    }


def _autopilot(session: Session) -> dict[str, Any]:
    defaults = {"service_account": _account(session), "oauth_scopes": [SCOPE]}
    return {
        "autopilot": {"enabled": True},
        "autoscaling": {"autoprovisioning_node_pool_defaults": defaults},
    }


def _nodes(session: Session, spec: ClusterSpec, plan: choices.Layout, machine: str) -> dict[str, Any]:
    """Nodes have public addresses: a NAT gateway would cost more than theirs."""
    config = {
        "machine_type": machine,
        "disk_size_gb": choices.DISK_GIB,
        "disk_type": choices.disk_type(machine),
        "image_type": "COS_CONTAINERD",
        "service_account": _account(session),
        "oauth_scopes": [SCOPE],
        "metadata": {"disable-legacy-endpoints": "true"},
        "resource_labels": {LABEL: spec.name},
        "shielded_instance_config": {"enable_secure_boot": True, "enable_integrity_monitoring": True},
        "workload_metadata_config": {"mode": "GKE_METADATA"},
    }
    pool = {
        "name": POOL,
        "initial_node_count": plan.nodes_in_zone,
        "locations": list(plan.zones),
        "config": config,
        "autoscaling": {"enabled": False},
        "management": {"auto_repair": True, "auto_upgrade": True},
        "upgrade_settings": {"max_surge": 1, "max_unavailable": 0},
    }
    return {
        "locations": list(plan.zones),
        "node_pools": [pool],
        "workload_identity_config": {"workload_pool": f"{session.project}.svc.id.goog"},
        "logging_config": {"component_config": {"enable_components": ["SYSTEM_COMPONENTS", "WORKLOADS"]}},
        "monitoring_config": {
            "component_config": {"enable_components": ["SYSTEM_COMPONENTS"]},
            "managed_prometheus_config": {"enabled": False},
        },
    }


def _account(session: Session) -> str:
    return session.target.options.get("service_account", "default")
