"""The token scopes that each call of ours needs.

Source: `security` of every operation in digitalocean/openapi. In the descriptions' text are `tag:read` for
every `tags` of an answer, by which we know what is ours; `tag:read`, `tag:create` and `vpc:read` for the
tags and the VPC of a new cluster; and what a VPC's members show only to those who may read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SCOPES: Mapping[str, Sequence[str]] = {
    "account.get": ("account:read",),
    "sizes.list": ("sizes:read", "regions:read"),
    "registries.list": ("registry:read",),
    "registries.create": ("registry:create",),
    "registries.validate_name": ("registry:create",),
    "registries.get_options": ("registry:read",),
    "registries.get_subscription": ("registry:read",),
    "registries.update_subscription": ("registry:update",),
    "registries.get_garbage_collection": ("registry:read",),
    "registries.list_repositories_v2": ("registry:read",),
    "registries.list_repository_manifests": ("registry:read",),
    "registries.delete_repository_manifest": ("registry:delete",),
    "registries.get_docker_credentials": ("registry:read", "registry:update"),
    "kubernetes.list_options": ("kubernetes:read",),
    "kubernetes.list_clusters": ("kubernetes:read", "tag:read"),
    "kubernetes.get_cluster": ("kubernetes:read", "tag:read"),
    "kubernetes.create_cluster": ("kubernetes:create", "tag:create", "tag:read", "vpc:read"),
    "kubernetes.get_credentials": ("kubernetes:access_cluster",),
    "kubernetes.get_available_upgrades": ("kubernetes:read",),
    "kubernetes.upgrade_cluster": ("kubernetes:update",),
    "kubernetes.update_node_pool": ("kubernetes:update",),
    "kubernetes.add_registries": ("kubernetes:create", "kubernetes:update"),
    "kubernetes.remove_registries": ("kubernetes:update",),
    "kubernetes.list_associated_resources": ("kubernetes:read",),
    "kubernetes.destroy_associated_resources_selective": ("kubernetes:delete",),
    "vpcs.list": ("vpc:read",),
    "vpcs.list_members": ("vpc:read", "droplet:read", "load_balancer:read"),
    "vpcs.create": ("vpc:create",),
    "vpcs.patch": ("vpc:update",),
    "vpcs.delete": ("vpc:delete",),
    "load_balancers.list": ("load_balancer:read",),
    "volumes.list": ("block_storage:read", "tag:read"),
}
"""By pydo's operation; every one is needed."""

PURPOSES: Mapping[str, Sequence[str]] = {
    "always": ("account.get",),
    "push": tuple(
        name
        for name in SCOPES
        if name.startswith("registries.") and not name.endswith("_repository_manifest")
    ),
    "delete images": ("registries.delete_repository_manifest",),
    "deploy": ("kubernetes.list_clusters", "kubernetes.get_credentials"),
    "let a cluster pull": ("registries.list", "kubernetes.add_registries"),
    "create, change and delete clusters": tuple(
        name for name in SCOPES if name.partition(".")[0] in {"kubernetes", "sizes", "volumes", "vpcs"}
    ),
    "leftovers": ("load_balancers.list", "volumes.list", "vpcs.list"),
}
"""Which operations serve what, for people."""


def scopes_for(operations: Sequence[str]) -> list[str]:
    """The scopes of some operations, sorted, each once."""
    return sorted({scope for name in operations for scope in SCOPES[name]})
