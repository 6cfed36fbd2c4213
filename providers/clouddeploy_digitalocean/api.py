"""The calls that this provider makes, typed. Each is one request, or one for each page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from clouddeploy.contract import StoredImage
from clouddeploy.errors import NotFoundError, TemporaryError
from clouddeploy_digitalocean import parse
from clouddeploy_digitalocean.errors import translated
from clouddeploy_digitalocean.records import (
    Account,
    Associated,
    Balancer,
    Cluster,
    Credentials,
    Json,
    Offer,
    Plan,
    Registry,
    Size,
    Version,
    Volume,
    Vpc,
)
from clouddeploy_digitalocean.sdk import Answer, Sdk

_PAGE = 200  # the most that the API takes

_WITH_BODY = {200, 201}  # every such answer is an object; 202 and 204 may be empty

_COLLECTED = {"succeeded", "failed", "cancelled"}

T = TypeVar("T")


class Api:
    """DigitalOcean's API as far as we need it; every error is a CloudDeployError."""

    def __init__(self, sdk: Sdk) -> None:
        self._sdk = sdk

    def account(self) -> Account:
        return self.account_with_headers()[0]

    def account_with_headers(self) -> tuple[Account, Mapping[str, str]]:
        """The account, and the answer's headers for what they say about time and rate limits."""
        answer = self._answer("ask whom the token belongs to", "account", "get")
        return parse.account(parse.single(answer.body, "account")), answer.headers

    def sizes(self) -> list[Size]:
        return self._pages("list the Droplet sizes", "sizes.list", "sizes", parse.size)

    # Registries

    def registries(self) -> list[Registry]:
        answer = self._answer("list the registries", "registries", "list")
        return [parse.registry(one) for one in parse.listed(answer.body, "registries")]

    def create_registry(self, body: Json) -> None:
        self._answer(f"create the registry {body['name']}", "registries", "create", body)

    def check_registry_name(self, name: str) -> None:
        """Makes nothing; an error whose code is `conflict` means that the name is taken."""
        doing = f"find out whether the registry name {name} is free"
        self._answer(doing, "registries", "validate_name", {"name": name})

    def plan(self) -> Plan:
        answer = self._answer("read the registry subscription", "registries", "get_subscription")
        return parse.plan(parse.single(answer.body, "subscription"))

    def plans(self) -> list[Plan]:
        answer = self._answer("list the registry plans", "registries", "get_options")
        tiers = parse.listed(parse.single(answer.body, "options"), "subscription_tiers")
        return [parse.tier(one) for one in tiers]

    def change_plan(self, slug: str) -> None:
        body = {"tier_slug": slug}
        self._answer(f"change the registry plan to {slug}", "registries", "update_subscription", body)

    def collection(self, registry: str) -> str:
        """The state of the garbage collection that runs in a registry; empty when none does."""
        doing = f"look for a garbage collection of the registry {registry}"
        try:
            answer = self._answer(doing, "registries", "get_garbage_collection", registry)
        except NotFoundError:
            return ""
        state = str(parse.single(answer.body, "garbage_collection").get("status", ""))
        return "" if state in _COLLECTED else state

    def repositories(self, registry: str) -> list[str]:
        doing = f"list the repositories of the registry {registry}"
        operation = "registries.list_repositories_v2"
        return self._pages(doing, operation, "repositories", lambda one: str(one.get("name", "")), registry)

    def docker_credentials(self, registry: str, seconds: int) -> Json:
        """A docker config.json that may pull and push, for so many seconds."""
        answer = self._answer(
            f"log in to the registry {registry}",
            "registries",
            "get_docker_credentials",
            registry,
            params={"read_write": "true", "expiry_seconds": str(seconds)},
        )
        return parse.single({"found": answer.body}, "found")

    def manifests(self, registry: str, repository: str) -> list[StoredImage]:
        doing = f"list the images in {repository}"
        operation = "registries.list_repository_manifests"
        return self._pages(doing, operation, "manifests", parse.image, registry, repository)

    def delete_manifest(self, registry: str, repository: str, digest: str) -> None:
        doing = f"delete {digest} from {repository}"
        operation = "delete_repository_manifest"
        self._answer(doing, "registries", operation, registry, repository, digest)

    # Kubernetes

    def offer(self) -> Offer:
        answer = self._answer("list what DOKS offers", "kubernetes", "list_options")
        return parse.offer(parse.single(answer.body, "options"))

    def clusters(self) -> list[Cluster]:
        operation = "kubernetes.list_clusters"
        return self._pages("list the clusters", operation, "kubernetes_clusters", parse.cluster)

    def cluster(self, cluster_id: str) -> Cluster | None:
        """By its id; None for none."""
        try:
            answer = self._answer("look at the cluster", "kubernetes", "get_cluster", cluster_id)
        except NotFoundError:
            return None
        return parse.cluster(parse.single(answer.body, "kubernetes_cluster"))

    def create_cluster(self, body: Json) -> Cluster:
        """The cluster as it begins; it may be missing from lists for some seconds."""
        answer = self._answer(f"create the cluster {body['name']}", "kubernetes", "create_cluster", body)
        return parse.cluster(parse.single(answer.body, "kubernetes_cluster"))

    def credentials(self, cluster: Cluster, seconds: int) -> Credentials:
        doing = f"get credentials of the cluster {cluster.name}"
        answer = self._answer(doing, "kubernetes", "get_credentials", cluster.id, expiry_seconds=seconds)
        return parse.credentials(parse.single({"found": answer.body}, "found"))

    def upgrades(self, cluster: Cluster) -> list[Version]:
        doing = f"list the upgrades of the cluster {cluster.name}"
        answer = self._answer(doing, "kubernetes", "get_available_upgrades", cluster.id)
        return [parse.version(one) for one in parse.listed(answer.body, "available_upgrade_versions")]

    def upgrade(self, cluster: Cluster, version: str) -> None:
        doing = f"upgrade the cluster {cluster.name} to {version}"
        self._answer(doing, "kubernetes", "upgrade_cluster", cluster.id, {"version": version})

    def scale(self, cluster: Cluster, pool: str, body: Json) -> None:
        doing = f"scale the node pool {body['name']} of the cluster {cluster.name}"
        self._answer(doing, "kubernetes", "update_node_pool", cluster.id, pool, body)

    def integrate(self, cluster: Cluster, registry: str) -> None:
        doing = f"let the cluster {cluster.name} pull from the registry {registry}"
        body = {"cluster_uuids": [cluster.id], "registries": [registry]}
        self._answer(doing, "kubernetes", "add_registries", body)

    def separate(self, cluster: Cluster, registry: str) -> None:
        doing = f"take the registry {registry} from the cluster {cluster.name}"
        body = {"cluster_uuids": [cluster.id], "registries": [registry]}
        self._answer(doing, "kubernetes", "remove_registries", body)

    def associated(self, cluster: Cluster) -> Associated:
        doing = f"list what the cluster {cluster.name} has made"
        try:
            answer = self._answer(doing, "kubernetes", "list_associated_resources", cluster.id)
        except NotFoundError:
            return Associated((), (), ())
        return parse.associated(parse.single({"found": answer.body}, "found"))

    def destroy(self, cluster: Cluster, body: Json) -> None:
        """Delete a cluster together with what `body` lists."""
        operation = "destroy_associated_resources_selective"
        self._answer(f"delete the cluster {cluster.name}", "kubernetes", operation, cluster.id, body)

    # Networks and what is billed in them

    def vpcs(self) -> list[Vpc]:
        return self._pages("list the VPCs", "vpcs.list", "vpcs", parse.vpc)

    def create_vpc(self, body: Json) -> None:
        self._answer(f"create the VPC {body['name']}", "vpcs", "create", body)

    def describe_vpc(self, vpc: Vpc, description: str) -> None:
        body = {"description": description}
        self._answer(f"describe the VPC {vpc.name}", "vpcs", "patch", vpc.id, body)

    def delete_vpc(self, vpc: Vpc) -> None:
        self._answer(f"delete the VPC {vpc.name}", "vpcs", "delete", vpc.id)

    def members(self, vpc: Vpc) -> list[str]:
        """The names of what is in a VPC."""
        doing = f"list what is in the VPC {vpc.name}"
        return self._pages(
            doing, "vpcs.list_members", "members", lambda one: str(one.get("name", "")), vpc.id
        )

    def load_balancers(self) -> list[Balancer]:
        operation = "load_balancers.list"
        return self._pages("list the load balancers", operation, "load_balancers", parse.balancer)

    def volumes(self) -> list[Volume]:
        return self._pages("list the volumes", "volumes.list", "volumes", parse.volume)

    def _answer(self, doing: str, group: str, operation: str, *arguments: Any, **options: Any) -> Answer:
        with translated(doing):
            answer = self._sdk.call(group, operation, *arguments, **options)
        if answer.status in _WITH_BODY and not isinstance(answer.body, Mapping):
            # An account that seems empty would be filled.
            raise TemporaryError(
                f"could not {doing}: the answer is no JSON object", fix="check the network, then run it again"
            )
        return answer

    def _pages(
        self, doing: str, operation: str, key: str, read: Callable[[Json], T], *arguments: str
    ) -> list[T]:
        group, _, method = operation.partition(".")
        found: list[T] = []
        page = 1
        while True:
            answer = self._answer(doing, group, method, *arguments, per_page=_PAGE, page=page)
            objects: Sequence[Json] = parse.listed(answer.body, key)
            found += [read(one) for one in objects]
            if not objects or not _next(answer.body):
                return found
            page += 1


def _next(body: object) -> bool:
    return bool(parse.single(parse.single(body, "links"), "pages").get("next"))
