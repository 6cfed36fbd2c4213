"""What the body and the query of each operation hold, checked before the operation sees them.

Source: digitalocean/openapi; a test holds this table against it. Bodies are those of the operations that
take one, and queries of those that do; `docker-credentials` takes what its text alone describes.

UNVERIFIED: the words of the refusals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy_digitalocean.emulator import schema
from clouddeploy_digitalocean.emulator.answers import ApiError, invalid
from clouddeploy_digitalocean.emulator.schema import Schema


def checked_body(operation: str, body: Any) -> Mapping[str, Any]:
    """400 for a body that cannot be read, 422 for one whose values the description forbids."""
    described = BODIES.get(operation)
    if described is None:
        return {}
    if not isinstance(body, dict) or not schema.is_readable(described, body):
        raise ApiError(400, "error parsing request body")
    for problem in schema.problems(described, body):
        raise invalid(problem) if operation.startswith("kubernetes.") else ApiError(422, problem)
    return body


def checked_query(operation: str, query: Mapping[str, str]) -> Mapping[str, Any]:
    """The parameters by their types, each that is missing with its default; 400 for what is forbidden."""
    described = QUERIES.get(operation, {})
    found = {name: _typed(name, rules, query.get(name)) for name, rules in described.items()}
    for problem in schema.problems({"properties": described}, found):
        raise ApiError(400, problem)
    return {name: described[name].get("default") if value is None else value for name, value in found.items()}


def _typed(name: str, rules: Schema, value: str | None) -> Any:
    if value is None or rules["type"] != "integer":
        return value
    if not (value.isascii() and value.removeprefix("-").isdigit() and len(value) <= _DIGITS):
        raise ApiError(400, f"{name} must be a number")
    return int(value)


def _object(required: str = "", /, **members: Schema) -> Schema:
    found: Schema = {"type": "object", "properties": members}
    return {**found, "required": required.split()} if required else found


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_of(values: str, **rules: Any) -> Schema:
    return {"type": "string", "enum": values.split(), **rules}


_DIGITS = 10
_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "integer"}
_TEXTS = _list(_TEXT)
_SWITCH = _object(enabled=_FLAG)
_NAMED = {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9-]{1,63}$"}
_VPC: Mapping[str, Schema] = {
    "name": {"type": "string", "pattern": r"^[a-zA-Z0-9\-\.]+$"},
    "description": {"type": "string", "maxLength": 255},
}
_TIER = _one_of("starter basic professional")
_POOL: Mapping[str, Schema] = {
    "name": _TEXT,
    "count": _NUMBER,
    "tags": _TEXTS,
    "labels": {"type": "object"},
    "taints": _list(_object(key=_TEXT, value=_TEXT, effect=_one_of("NoSchedule PreferNoSchedule NoExecute"))),
    "auto_scale": _FLAG,
    "min_nodes": _NUMBER,
    "max_nodes": _NUMBER,
}
_PLUGINS = (
    "routing_agent",
    "p2p_oci_registry_plugin",
    "amd_gpu_device_plugin",
    "amd_gpu_device_metrics_exporter_plugin",
    "nvidia_gpu_device_plugin",
    "rdma_shared_dev_plugin",
    "coredns_autoscaler",
)
EXTRAS: Mapping[str, Schema] = {
    "control_plane_firewall": _object(enabled=_FLAG, allowed_addresses=_TEXTS),
    "cluster_autoscaler_configuration": _object(
        scale_down_utilization_threshold={"type": "number"},
        scale_down_unneeded_time=_TEXT,
        expanders=_list(_one_of("random priority least_waste")),
    ),
    "sso": _object(enabled=_FLAG, required=_FLAG, issuer_url=_TEXT, client_id=_TEXT),
    **dict.fromkeys(_PLUGINS, _SWITCH),
}
"""What a cluster may be told and only shows again."""

_CHANGEABLE: Mapping[str, Schema] = {
    "name": _TEXT,
    "tags": _TEXTS,
    "maintenance_policy": _object(
        start_time=_TEXT, day=_one_of("any monday tuesday wednesday thursday friday saturday sunday")
    ),
    "auto_upgrade": _FLAG,
    "surge_upgrade": _FLAG,
    "ha": _FLAG,
    **EXTRAS,
}
_CLUSTER = _object(
    "name node_pools region version",
    region=_TEXT,
    version=_TEXT,
    cluster_subnet=_TEXT,
    service_subnet=_TEXT,
    vpc_uuid=_TEXT,
    worker_subnet_uuid=_TEXT,
    node_pools=_list(_object("count name size", size=_TEXT, **_POOL)),
    isolated_workers=_FLAG,
    **_CHANGEABLE,
)
_INTEGRATION = _object(cluster_uuids=_TEXTS, registries=_TEXTS)

BODIES: Mapping[str, Schema] = {
    "registries.create": _object(
        "name",
        name=_NAMED,
        subscription_tier_slug=_TIER,
        region=_one_of("nyc3 sfo3 sfo2 ams3 sgp1 fra1 blr1 syd1"),
    ),
    "registries.validate_name": _object("name", name=_NAMED),
    "registries.update_subscription": _object(tier_slug=_TIER),
    "registries.update_garbage_collection": _object(cancel=_FLAG),
    "kubernetes.create_cluster": _CLUSTER,
    "kubernetes.update_cluster": _object("name", **_CHANGEABLE),
    "kubernetes.upgrade_cluster": _object(version=_TEXT),
    "kubernetes.update_node_pool": _object("count name", **_POOL),
    "kubernetes.destroy_associated_resources_selective": _object(
        load_balancers=_TEXTS, volumes=_TEXTS, volume_snapshots=_TEXTS
    ),
    "kubernetes.add_registries": _INTEGRATION,
    "kubernetes.remove_registries": _INTEGRATION,
    "vpcs.create": _object("name region", region=_TEXT, ip_range=_TEXT, **_VPC),
    "vpcs.patch": _object(default=_FLAG, **_VPC),
}

_PAGE: Mapping[str, Schema] = {
    "per_page": {"type": "integer", "minimum": 1, "default": 20, "maximum": 200},
    "page": {"type": "integer", "minimum": 1, "default": 1},
}
_EXPIRY: Schema = {"type": "integer", "minimum": 0, "default": 0}

QUERIES: Mapping[str, Mapping[str, Schema]] = {
    "sizes.list": _PAGE,
    "registries.list_repositories_v2": {**_PAGE, "page_token": _TEXT},
    "registries.list_repository_manifests": _PAGE,
    "registries.list_repository_tags": _PAGE,
    "registries.list_garbage_collections": _PAGE,
    "registries.get_docker_credentials": {"expiry_seconds": _EXPIRY, "read_write": _TEXT},
    "kubernetes.list_clusters": _PAGE,
    "kubernetes.get_credentials": {"expiry_seconds": _EXPIRY},
    "kubernetes.get_kubeconfig": {"expiry_seconds": _EXPIRY, "type": _one_of("token sso")},
    "vpcs.list": _PAGE,
    "vpcs.list_members": {**_PAGE, "resource_type": _TEXT},
    "load_balancers.list": _PAGE,
    "volumes.list": {
        **_PAGE,
        "name": _TEXT,
        "region": _one_of("ams1 ams2 ams3 blr1 fra1 lon1 nyc1 nyc2 nyc3 sfo1 sfo2 sfo3 sgp1 tor1 syd1"),
    },
}
