"""The operations: method, path, and what a token must be allowed; source: digitalocean/openapi."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from clouddeploy_digitalocean.emulator.answers import not_found


@dataclass(frozen=True)
class Route:
    """One operation; `scopes` are the `security` of its description, and all of them are needed."""

    method: str
    path: re.Pattern[str]
    operation: str
    scopes: frozenset[str]


def find(method: str, path: str) -> tuple[Route, Mapping[str, str]]:
    """The operation and its parameters; `path` as it was sent, for a name's slashes come escaped."""
    for route in ROUTES:
        match = route.path.fullmatch(path)
        if match and route.method == method:
            return route, {name: unquote(value) for name, value in match.groupdict().items()}
    raise not_found()


def needed(route: Route, body: Any) -> frozenset[str]:
    """Every scope of a request: its operation's, and those that the text asks for some fields of a body."""
    return route.scopes | frozenset(_for_fields(route.operation, body if isinstance(body, dict) else {}))


def _for_fields(operation: str, body: Mapping[str, Any]) -> Iterator[str]:
    """The descriptions of a cluster's `tags`, `vpc_uuid` and `worker_subnet_uuid`, and of a pool's `tags`."""
    if operation in {"kubernetes.create_cluster", "kubernetes.update_cluster"}:
        if body.get("tags"):
            yield from ("tag:read", "tag:create")
        if body.get("vpc_uuid") or body.get("worker_subnet_uuid"):
            yield "vpc:read"
    pools = body.get("node_pools") if operation == "kubernetes.create_cluster" else [body]
    if operation.startswith("kubernetes.") and isinstance(pools, list):
        yield from ("tag:read" for pool in pools if isinstance(pool, dict) and pool.get("tags"))


def _route(method: str, template: str, operation: str, scopes: str) -> Route:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
    return Route(method, re.compile(f"/v2{pattern}"), operation, frozenset(scopes.split()))


_CLUSTER = "/kubernetes/clusters/{cluster_id}"
_DESTROY = f"{_CLUSTER}/destroy_with_associated_resources"
_REGISTRY = "/registries/{registry_name}"
_REPOSITORY = f"{_REGISTRY}/repositories/{{repository_name}}"
ROUTES = (
    _route("GET", "/account", "account.get", "account:read"),
    _route("GET", "/sizes", "sizes.list", "sizes:read regions:read"),
    _route("GET", "/registries", "registries.list", "registry:read"),
    _route("POST", "/registries", "registries.create", "registry:create"),
    _route("POST", "/registries/validate-name", "registries.validate_name", "registry:create"),
    _route("GET", "/registries/options", "registries.get_options", "registry:read"),
    _route("GET", "/registries/subscription", "registries.get_subscription", "registry:read"),
    _route("POST", "/registries/subscription", "registries.update_subscription", "registry:update"),
    _route("GET", _REGISTRY, "registries.get", "registry:read"),
    _route("DELETE", _REGISTRY, "registries.delete", "registry:delete"),
    _route("GET", f"{_REGISTRY}/garbage-collection", "registries.get_garbage_collection", "registry:read"),
    _route("POST", f"{_REGISTRY}/garbage-collection", "registries.run_garbage_collection", "registry:update"),
    _route(
        "PUT",
        f"{_REGISTRY}/garbage-collection/{{garbage_collection_uuid}}",
        "registries.update_garbage_collection",
        "registry:update",
    ),
    _route("GET", f"{_REGISTRY}/garbage-collections", "registries.list_garbage_collections", "registry:read"),
    _route("DELETE", _REPOSITORY, "registries.delete_repository", "registry:delete"),
    _route("GET", f"{_REPOSITORY}/tags", "registries.list_repository_tags", "registry:read"),
    _route(
        "DELETE",
        f"{_REPOSITORY}/tags/{{repository_tag}}",
        "registries.delete_repository_tag",
        "registry:delete",
    ),
    _route("GET", f"{_REGISTRY}/repositoriesV2", "registries.list_repositories_v2", "registry:read"),
    _route("GET", f"{_REPOSITORY}/digests", "registries.list_repository_manifests", "registry:read"),
    _route(
        "DELETE",
        f"{_REPOSITORY}/digests/{{manifest_digest}}",
        "registries.delete_repository_manifest",
        "registry:delete",
    ),
    _route(
        "GET",
        f"{_REGISTRY}/docker-credentials",
        "registries.get_docker_credentials",
        "registry:read registry:update",
    ),
    _route("GET", "/kubernetes/options", "kubernetes.list_options", "kubernetes:read"),
    _route("GET", "/kubernetes/clusters", "kubernetes.list_clusters", "kubernetes:read"),
    _route("POST", "/kubernetes/clusters", "kubernetes.create_cluster", "kubernetes:create"),
    _route("GET", _CLUSTER, "kubernetes.get_cluster", "kubernetes:read"),
    _route("PUT", _CLUSTER, "kubernetes.update_cluster", "kubernetes:update"),
    _route("DELETE", _CLUSTER, "kubernetes.delete_cluster", "kubernetes:delete"),
    _route("GET", f"{_CLUSTER}/credentials", "kubernetes.get_credentials", "kubernetes:access_cluster"),
    _route("GET", f"{_CLUSTER}/kubeconfig", "kubernetes.get_kubeconfig", "kubernetes:access_cluster"),
    _route("GET", f"{_CLUSTER}/upgrades", "kubernetes.get_available_upgrades", "kubernetes:read"),
    _route("POST", f"{_CLUSTER}/upgrade", "kubernetes.upgrade_cluster", "kubernetes:update"),
    _route("PUT", f"{_CLUSTER}/node_pools/{{pool_id}}", "kubernetes.update_node_pool", "kubernetes:update"),
    _route("GET", _DESTROY, "kubernetes.list_associated_resources", "kubernetes:read"),
    _route(
        "DELETE",
        f"{_DESTROY}/selective",
        "kubernetes.destroy_associated_resources_selective",
        "kubernetes:delete",
    ),
    _route(
        "DELETE",
        f"{_DESTROY}/dangerous",
        "kubernetes.destroy_associated_resources_dangerous",
        "kubernetes:delete",
    ),
    _route(
        "POST", "/kubernetes/registries", "kubernetes.add_registries", "kubernetes:create kubernetes:update"
    ),
    _route("DELETE", "/kubernetes/registries", "kubernetes.remove_registries", "kubernetes:update"),
    _route("GET", "/vpcs", "vpcs.list", "vpc:read"),
    _route("POST", "/vpcs", "vpcs.create", "vpc:create"),
    _route("PATCH", "/vpcs/{vpc_id}", "vpcs.patch", "vpc:update"),
    _route("DELETE", "/vpcs/{vpc_id}", "vpcs.delete", "vpc:delete"),
    _route("GET", "/vpcs/{vpc_id}/members", "vpcs.list_members", "vpc:read droplet:read load_balancer:read"),
    _route("GET", "/load_balancers", "load_balancers.list", "load_balancer:read"),
    _route("GET", "/volumes", "volumes.list", "block_storage:read"),
)

WRITES = frozenset(one.operation for one in ROUTES if one.method != "GET") - {"registries.validate_name"}
"""The operations that change something."""

CREATES = frozenset({"kubernetes.create_cluster", "registries.create", "vpcs.create"})
"""Those that make something new."""

SCOPES = frozenset({"tag:read", "tag:create", "vpc:read"}).union(*(one.scopes for one in ROUTES))
"""Every scope that any of them may need."""
