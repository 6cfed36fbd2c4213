"""One emulated DigitalOcean account: the API on one loopback port, the registry on another."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from clouddeploy.emulator import EmulatorSettings
from clouddeploy.emulator.clock import Clock
from clouddeploy.emulator.clusters import KubernetesApi, StartKubernetes
from clouddeploy.emulator.faults import Faults
from clouddeploy.emulator.server import Server
from clouddeploy_digitalocean.emulator import attached, catalog
from clouddeploy_digitalocean.emulator.answers import Answer, ApiError, paged
from clouddeploy_digitalocean.emulator.described import checked_body, checked_query
from clouddeploy_digitalocean.emulator.docr import Docr
from clouddeploy_digitalocean.emulator.kubernetes import Kubernetes
from clouddeploy_digitalocean.emulator.limits import RateLimit
from clouddeploy_digitalocean.emulator.machines import machines_of
from clouddeploy_digitalocean.emulator.network import Network
from clouddeploy_digitalocean.emulator.records import Cluster, Member
from clouddeploy_digitalocean.emulator.request import Request, read_body, read_query
from clouddeploy_digitalocean.emulator.routes import CREATES, SCOPES, find, needed

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_TEAM = "5df3e300-4a17-4e24-8b7c-20ca6c9fc25b"
_REGION = "fra1"


@dataclass
class AccountState:
    """The account; `scopes` are what its token may do."""

    team: str
    droplet_limit: int = 25
    status: str = "active"
    status_message: str = ""
    scopes: frozenset[str] = SCOPES

    def show(self) -> dict[str, Any]:
        return {
            "droplet_limit": self.droplet_limit,
            "floating_ip_limit": 5,
            "email": "sammy@example.com",
            "name": "Sammy the Shark",
            "uuid": "b6fc48db-f6d9-4156-8ace-5f3c78dc9851",
            "email_verified": True,
            "status": self.status,
            "status_message": self.status_message,
            "team": {"uuid": self.team, "name": "My Team"},
        }


class DigitalOceanCloud:
    """The emulated account. `reset` empties it without new ports; `faults` makes bad days."""

    def __init__(self, settings: EmulatorSettings, start_kubernetes: StartKubernetes) -> None:
        self.region = settings.region or _REGION
        self.clock = Clock(settings.pace)
        self.token = f"dop_v1_{secrets.token_hex(32)}"
        self.calls: list[str] = []
        self.date: Callable[[], str] = _now
        self._team = settings.account or _TEAM
        self._directory = settings.directory
        self._start_kubernetes = start_kubernetes
        self._lock = threading.Lock()
        self._fill()
        self.faults = Faults(self)
        self._server = Server(self.faults)
        self._registry = Server(self._serve_registry)
        self._connect()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def environment(self) -> Mapping[str, str]:
        """Token and endpoints, for clouddeploy and doctl; pydo itself reads no variables."""
        return {
            "DIGITALOCEAN_TOKEN": self.token,
            "DIGITALOCEAN_ACCESS_TOKEN": self.token,
            "DIGITALOCEAN_API_URL": self._server.url,
            "DIGITALOCEAN_CONTEXT": "default",
            "DIGITALOCEAN_REGION": self.region,
            "CLOUDDEPLOY_DIGITALOCEAN_REGISTRY": self._registry.host,
        }

    def ledger(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """What there is, as (kind, id, tags). A VPC is free; a default one is not listed."""
        network, now = self.network, self.clock.now()
        clusters = [one for one in self.kubernetes.clusters.values() if one.state(now) != "deleted"]
        return [
            *(("cluster", one.id, tuple(one.tags)) for one in clusters),
            *(("vpc", one.id, (one.description,)) for one in network.vpcs.values() if not one.default),
            *(("load balancer", one.id, (f"k8s:{one.cluster}",)) for one in network.balancers.values()),
            *(("volume", one.id, (f"k8s:{one.cluster}",)) for one in network.volumes.values()),
        ]

    def reset(self) -> None:
        """An empty account; token and ports stay the same."""
        self.kubernetes.close()
        self.faults.clear()
        self.calls.clear()
        self._fill()
        self._connect()

    def close(self) -> None:
        """End the servers and every cluster; idempotent."""
        self._server.close()
        self._registry.close()
        self.kubernetes.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one API request."""
        try:
            answer = self._answer(environ)
        except ApiError as error:
            answer = error.answer()
        except Exception:  # a defect of ours, answered as DigitalOcean answers its own
            answer = ApiError(500, "Unexpected server-side error").answer()
        body = answer.encoded()
        headers = {
            "Date": self.date(),
            **self.limit.headers(),
            **answer.headers,
            "Content-Length": str(len(body)),
        }
        if body:
            headers["Content-Type"] = answer.media_type()
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(headers.items()))
        return [body]

    def _serve_registry(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.docr(environ, start_response)

    def _members(self, vpc: str) -> list[Member]:
        return self.kubernetes.members(vpc)

    def _overlays(self) -> list[str]:
        return self.kubernetes.overlays()

    def _fill(self) -> None:
        self.date = _now
        self.limit = RateLimit(self.clock)
        self.account = AccountState(self._team)
        self.docr = Docr(self._directory / "registry" / secrets.token_hex(4), self.clock)
        self.network = Network(self._members, self._overlays)
        self.kubernetes = Kubernetes(self.clock, self.network, lambda: self.account.droplet_limit)
        self.kubernetes.start_api = self._start_api
        self.kubernetes.registries = self.docr.names

    def _connect(self) -> None:
        self.docr.host = self._registry.host
        self.docr.realm = f"{self._server.url}/v2/registry/auth"

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        path, method = str(environ["PATH_INFO"]), str(environ["REQUEST_METHOD"])
        if path == "/v2/registry/auth":
            return self.docr.token(environ, parse_qsl(str(environ.get("QUERY_STRING", ""))))
        self._authenticate(environ)
        self.limit.count()
        route, names = find(method, str(environ.get("REQUEST_URI") or path).partition("?")[0])
        self._authorize(route.scopes)
        url = f"{self._server.url}{path}"
        sent = read_body(environ)
        self._authorize(needed(route, sent))
        if self.account.status == "locked" and route.operation in CREATES:
            raise ApiError(403, "Your account is locked")  # UNVERIFIED: the words
        query = checked_query(route.operation, read_query(environ))
        request = Request(method, path, query, checked_body(route.operation, sent), names, url)
        with self._lock:
            self.calls.append(route.operation)
        return self._readable(self._handlers()[route.operation](request))

    def _authenticate(self, environ: WSGIEnvironment) -> None:
        scheme, _, given = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(given.encode(), self.token.encode()):
            raise ApiError(401, "Unable to authenticate you")

    def _authorize(self, scopes: frozenset[str]) -> None:
        if not self.account.scopes >= scopes:
            raise ApiError(403, "You are not authorized to perform this operation")

    def _readable(self, answer: Answer) -> Answer:
        """Without `tag:read` no tag is shown: the description of every `tags` in an answer requires it.

        UNVERIFIED: that they are left empty, and the request is not refused instead.
        """
        if "tag:read" in self.account.scopes:
            return answer
        return replace(answer, body=_untagged(answer.body))

    def _handlers(self) -> Mapping[str, Callable[[Request], Answer]]:
        docr, doks, network = self.docr, self.kubernetes, self.network
        return {
            "account.get": lambda _: Answer(200, {"account": self.account.show()}),
            "sizes.list": lambda one: paged("sizes", catalog.sizes(), one.query, one.url),
            "registries.list": docr.list_registries,
            "registries.create": docr.create,
            "registries.validate_name": docr.validate_name,
            "registries.get": docr.get,
            "registries.delete": docr.delete,
            "registries.get_options": docr.options,
            "registries.get_subscription": docr.subscription,
            "registries.update_subscription": docr.subscribe,
            "registries.get_garbage_collection": docr.collection,
            "registries.run_garbage_collection": docr.collect,
            "registries.list_garbage_collections": docr.collections,
            "registries.update_garbage_collection": docr.cancel,
            "registries.delete_repository": docr.repositories.delete_repository,
            "registries.list_repository_tags": docr.repositories.list_tags,
            "registries.delete_repository_tag": docr.repositories.delete_tag,
            "registries.list_repositories_v2": docr.repositories.list_repositories,
            "registries.list_repository_manifests": docr.repositories.list_manifests,
            "registries.delete_repository_manifest": docr.repositories.delete_manifest,
            "registries.get_docker_credentials": docr.credentials,
            "kubernetes.list_options": doks.list_options,
            "kubernetes.list_clusters": doks.list_clusters,
            "kubernetes.create_cluster": doks.create_cluster,
            "kubernetes.get_cluster": doks.get_cluster,
            "kubernetes.update_cluster": doks.update_cluster,
            "kubernetes.delete_cluster": doks.delete_cluster,
            "kubernetes.get_credentials": doks.credentials,
            "kubernetes.get_kubeconfig": doks.kubeconfig,
            "kubernetes.get_available_upgrades": doks.list_upgrades,
            "kubernetes.upgrade_cluster": doks.upgrade,
            "kubernetes.update_node_pool": doks.update_pool,
            "kubernetes.add_registries": doks.add_registries,
            "kubernetes.remove_registries": doks.remove_registries,
            "kubernetes.list_associated_resources": doks.list_associated,
            "kubernetes.destroy_associated_resources_selective": doks.destroy_selective,
            "kubernetes.destroy_associated_resources_dangerous": doks.destroy_all,
            "vpcs.list": network.list_vpcs,
            "vpcs.create": network.create_vpc,
            "vpcs.list_members": network.list_members,
            "vpcs.patch": network.patch_vpc,
            "vpcs.delete": network.delete_vpc,
            "load_balancers.list": network.list_balancers,
            "volumes.list": network.list_volumes,
        }

    def _start_api(self, cluster: Cluster) -> KubernetesApi:
        doks = self.kubernetes
        return self._start_kubernetes(
            self._directory / "clusters" / cluster.id,
            lambda token: doks.user(cluster.id, token),
            lambda image: self.docr.pull_problem(image, cluster.registries),
            machines_of(cluster),
            attached.Attached(self.network, cluster),
        )


def _now() -> str:
    return format_datetime(datetime.now(UTC), usegmt=True)


def _untagged(body: Any) -> Any:
    """The same with every `tags` empty; the tags of images, which have a digest, are something else."""
    if isinstance(body, list):
        return [_untagged(one) for one in body]
    if not isinstance(body, dict) or "digest" in body:
        return body
    return {key: [] if key == "tags" else _untagged(value) for key, value in body.items()}
