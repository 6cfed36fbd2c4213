"""ACK's records as its API shows them."""

from __future__ import annotations

import json
from typing import Any

from clouddeploy_alibaba.emulator.ack_rules import VERSIONS
from clouddeploy_alibaba.emulator.answers import request_id
from clouddeploy_alibaba.emulator.records import AddonRecord, ClusterRecord, PoolRecord, TaskRecord
from clouddeploy_alibaba.emulator.world import World

Json = dict[str, Any]

API_ADDRESS = "192.168.0.1"
"""Of the API server's load balancer in each cluster's VPC."""


def cluster(world: World, record: ClusterRecord) -> Json:
    """A cluster as DescribeClustersV1 and DescribeClusterDetail show it."""
    state = record.state(world.clock.now())
    asked = record.request
    later = upgradable(record.version)
    return {
        "cluster_id": record.id,
        "name": record.name,
        "state": state,
        "cluster_type": asked["cluster_type"],
        "cluster_spec": asked.get("cluster_spec", "ack.standard"),
        "profile": asked.get("profile", "Default"),
        "region_id": world.region,
        "created": world.clock.stamp(record.created),
        "updated": world.clock.stamp(record.created),
        "init_version": str(asked.get("kubernetes_version") or record.version),
        "current_version": record.version,
        "next_version": later[0] if later else "",
        "deletion_protection": bool(asked.get("deletion_protection")),
        "vpc_id": asked["vpcid"],
        "vswitch_id": ",".join(asked["vswitch_ids"]),
        "subnet_cidr": asked.get("container_cidr", ""),
        "network_mode": "vpc",
        "size": sum(pool.serving for pool in record.pools.values()),
        "master_url": _master_url(record, state),
        "meta_data": json.dumps({"Addons": asked.get("addons", [])}),
        "tags": [{"key": key, "value": value} for key, value in record.tags.items()],
    }


def pool(world: World, record: PoolRecord) -> Json:
    """A node pool as DescribeClusterNodePools shows it."""
    now = world.clock.now()
    group = {**record.request.get("scaling_group", {}), "desired_size": record.desired}
    missing = max(record.desired - record.serving, 0)
    return {
        "nodepool_info": {
            "nodepool_id": record.id,
            "name": record.name,
            "type": "ess",
            "is_default": False,
            "region_id": world.region,
            "created": world.clock.stamp(record.created),
            "updated": world.clock.stamp(record.created),
        },
        "status": {
            "state": record.state(now),
            "total_nodes": record.serving + missing,
            "serving_nodes": record.serving,
            "healthy_nodes": record.serving,
            "initial_nodes": 0 if record.failing else missing,
            "failed_nodes": missing if record.failing else 0,
            "offline_nodes": 0,
            "removing_nodes": 0,
        },
        "scaling_group": group,
        "auto_scaling": record.request.get("auto_scaling", {}),
        "kubernetes_config": record.request.get("kubernetes_config", {}),
        "management": record.request.get("management", {}),
    }


def task(world: World, record: TaskRecord) -> Json:
    """A task as DescribeClusterTasks and DescribeTaskInfo show it."""
    state = record.state(world.clock.now())
    found: Json = {
        "task_id": record.id,
        "task_type": record.type,
        "state": state,
        "created": world.clock.stamp(record.created),
        "updated": world.clock.stamp(min(record.ends, world.clock.now())),
    }
    return {**found, "error": {"code": "400", "message": record.error}} if state == "fail" else found


def role(name: str, *, granted: bool) -> Json:
    """A role as CheckServiceRole shows it."""
    message = "" if granted else f"The role does not exist: {name}"
    return {"name": name, "granted": granted, "message": message}


def addon(world: World, record: AddonRecord) -> Json:
    """An add-on as GetClusterAddonInstance shows it."""
    state = record.state(world.clock.now())
    return {"name": record.name, "version": record.version, "config": record.config, "state": state}


def versions(wanted: str | None) -> list[Json]:
    """What DescribeKubernetesVersionMetadata answers."""
    return [
        {
            "version": version,
            "creatable": True,
            "runtimes": [{"name": "containerd", "version": "2.1.6"}],
            "release_date": "2026-01-15T00:00:00Z",
            "expiration_date": "2028-01-15T00:00:00Z",
            "images": [],
            "upgradable_versions": upgradable(version),
        }
        for version in VERSIONS
        if wanted in {None, version}
    ]


def upgradable(version: str) -> list[str]:
    """One minor version further; VERSIONS is newest first."""
    index = VERSIONS.index(version) if version in VERSIONS else 0
    return [VERSIONS[index - 1]] if index else []


def accepted(record: ClusterRecord, made: TaskRecord) -> Json:
    """The answer of an operation that goes on in the background."""
    return {"cluster_id": record.id, "request_id": request_id(), "task_id": made.id}


def is_basic(record: ClusterRecord) -> bool:
    return bool(record.request.get("cluster_spec", "ack.standard") == "ack.standard")


def _master_url(record: ClusterRecord, state: str) -> str:
    """JSON in a string, with empty addresses until they are there."""
    public = record.api.url if record.api and record.request.get("endpoint_public_access") else ""
    known = public if state not in {"initial", "failed"} else ""
    inside = f"https://{API_ADDRESS}:6443" if known or record.api else ""
    return json.dumps({"api_server_endpoint": known, "intranet_api_server_endpoint": inside})
