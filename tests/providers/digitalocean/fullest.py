"""For each operation a good request with every member and every parameter that its description has.

`CLUSTER`, `POOL`, `VPC`, `BALANCER`, `VOLUME` and `RUN` (of a garbage collection) stand for what there is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from moto_fixtures.digitalocean import WITH_SERVICES, DigitalOceanAccount

SEED = replace(WITH_SERVICES, registries=("acme",), tier="professional")


class Wish(NamedTuple):
    """One request."""

    method: str
    path: str
    body: Mapping[str, Any]


LEFT_OUT = {("kubernetes.create_cluster", "worker_subnet_uuid"): "there are no subnets"}
"""Members that no good request here has, and why."""

_POOL = {
    "name": "more",
    "count": 2,
    "tags": ["team"],
    "labels": {"team": "web"},
    "taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}],
    "auto_scale": True,
    "min_nodes": 1,
    "max_nodes": 2,
}
_ON = {"enabled": True}
_INTEGRATION = {"cluster_uuids": ["CLUSTER"], "registries": ["acme"]}

_CHANGEABLE: Mapping[str, Any] = {
    "name": "other",
    "tags": ["team"],
    "maintenance_policy": {"start_time": "12:00", "day": "any"},
    "auto_upgrade": False,
    "surge_upgrade": False,
    "ha": False,
    "control_plane_firewall": {"enabled": True, "allowed_addresses": ["203.0.113.4/32"]},
    "cluster_autoscaler_configuration": {
        "scale_down_utilization_threshold": 0.65,
        "scale_down_unneeded_time": "1m0s",
        "expanders": ["priority", "random"],
    },
    "sso": {
        "enabled": False,
        "required": False,
        "issuer_url": "https://sso.example.com",
        "client_id": "clouddeploy",
    },
    "routing_agent": _ON,
    "p2p_oci_registry_plugin": _ON,
    "amd_gpu_device_plugin": _ON,
    "amd_gpu_device_metrics_exporter_plugin": _ON,
    "nvidia_gpu_device_plugin": _ON,
    "rdma_shared_dev_plugin": _ON,
    "coredns_autoscaler": _ON,
}

WISHES: Mapping[str, Wish] = {
    "kubernetes.create_cluster": Wish(
        "POST",
        "/kubernetes/clusters",
        {
            **_CHANGEABLE,
            "region": "fra1",
            "version": "1.36",
            "vpc_uuid": "VPC",
            "cluster_subnet": "10.244.0.0/16",
            "service_subnet": "10.245.0.0/16",
            "isolated_workers": False,
            "node_pools": [{"size": "s-2vcpu-4gb", **_POOL}],
        },
    ),
    "kubernetes.update_cluster": Wish("PUT", "/kubernetes/clusters/CLUSTER", _CHANGEABLE),
    "kubernetes.update_node_pool": Wish("PUT", "/kubernetes/clusters/CLUSTER/node_pools/POOL", _POOL),
    "kubernetes.upgrade_cluster": Wish(
        "POST", "/kubernetes/clusters/CLUSTER/upgrade", {"version": "1.36.1-do.0"}
    ),
    "kubernetes.add_registries": Wish("POST", "/kubernetes/registries", _INTEGRATION),
    "kubernetes.remove_registries": Wish("DELETE", "/kubernetes/registries", _INTEGRATION),
    "kubernetes.destroy_associated_resources_selective": Wish(
        "DELETE",
        "/kubernetes/clusters/CLUSTER/destroy_with_associated_resources/selective",
        {"load_balancers": ["BALANCER"], "volumes": ["VOLUME"], "volume_snapshots": []},
    ),
    "registries.create": Wish(
        "POST", "/registries", {"name": "more", "subscription_tier_slug": "professional", "region": "fra1"}
    ),
    "registries.validate_name": Wish("POST", "/registries/validate-name", {"name": "more"}),
    "registries.update_subscription": Wish("POST", "/registries/subscription", {"tier_slug": "basic"}),
    "registries.update_garbage_collection": Wish(
        "PUT", "/registries/acme/garbage-collection/RUN", {"cancel": True}
    ),
    "vpcs.create": Wish(
        "POST", "/vpcs", {"name": "n", "region": "fra1", "description": "d", "ip_range": "10.0.0.0/20"}
    ),
    "vpcs.patch": Wish("PATCH", "/vpcs/VPC", {"name": "n", "description": "d", "default": True}),
}

_PAGE = "per_page=20&page=1"

QUESTIONS: Mapping[str, str] = {
    "sizes.list": f"/sizes?{_PAGE}",
    "registries.list_repositories_v2": f"/registries/acme/repositoriesV2?{_PAGE}&page_token=",
    "registries.list_garbage_collections": f"/registries/acme/garbage-collections?{_PAGE}",
    "registries.get_docker_credentials": "/registries/acme/docker-credentials",
    "kubernetes.list_clusters": f"/kubernetes/clusters?{_PAGE}",
    "kubernetes.get_credentials": "/kubernetes/clusters/CLUSTER/credentials?expiry_seconds=60",
    "kubernetes.get_kubeconfig": "/kubernetes/clusters/CLUSTER/kubeconfig?expiry_seconds=60&type=token",
    "vpcs.list": f"/vpcs?{_PAGE}",
    "vpcs.list_members": f"/vpcs/VPC/members?{_PAGE}&resource_type=kubernetes",
    "load_balancers.list": f"/load_balancers?{_PAGE}",
    "volumes.list": f"/volumes?{_PAGE}&name=pvc&region=fra1",
}
"""Those that only read, with every parameter of their queries."""


def asked(account: DigitalOceanAccount, operation: str) -> str:
    """The path and query of a question, as it is sent to an account that holds what it speaks of."""
    return _filled(account, QUESTIONS[operation])


def planted(account: DigitalOceanAccount, operation: str) -> Wish:
    """The wish as it is sent to an account, which is filled with what it speaks of."""
    return Wish(*json.loads(_filled(account, json.dumps(WISHES[operation]))))


def _filled(account: DigitalOceanAccount, text: str) -> str:
    account.plant(SEED)
    network, (cluster,) = account.cloud.network, account.cloud.kubernetes.clusters.values()
    ids = {
        "CLUSTER": cluster.id,
        "POOL": cluster.pools[0].id,
        "VPC": cluster.vpc,
        "BALANCER": next(iter(network.balancers)),
        "VOLUME": next(iter(network.volumes)),
        "RUN": account.cloud.docr.garbage.start("acme").uuid,
    }
    for name, found in ids.items():
        text = text.replace(f'"{name}"', f'"{found}"').replace(f"/{name}", f"/{found}")
    return text
