"""One emulated Google Cloud project behind one loopback port; `/v2/` is the registry's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from clouddeploy.emulator import EmulatorSettings
from clouddeploy.emulator.clock import Clock
from clouddeploy.emulator.clusters import KubernetesApi, StartKubernetes
from clouddeploy.emulator.faults import Faults
from clouddeploy.emulator.server import Server
from clouddeploy_gcp.emulator import attached, catalog
from clouddeploy_gcp.emulator.accounts import Accounts, RefusedError, write_private
from clouddeploy_gcp.emulator.answers import ApiError, ComputeError, Json, Request, no_route
from clouddeploy_gcp.emulator.artifacts import Artifacts
from clouddeploy_gcp.emulator.compute import FREE, Compute, check_path
from clouddeploy_gcp.emulator.gke import Gke
from clouddeploy_gcp.emulator.machines import machines_of
from clouddeploy_gcp.emulator.nodepools import NodePools
from clouddeploy_gcp.emulator.queries import checked
from clouddeploy_gcp.emulator.records import Record
from clouddeploy_gcp.emulator.registry import DataPlane
from clouddeploy_gcp.emulator.routes import Matched, Route, find
from clouddeploy_gcp.emulator.services import Projects, Services
from clouddeploy_gcp.endpoints import VARIABLE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PROJECT = "clouddeploy-rehearsal"
_REGION = "europe-west3"
_NUMBER = "123456789012"
_LISTS = {"clusters_in", "operations", "repositories_in"}
"""What can be asked for all locations at once, which are written `-`."""


class GcpCloud:
    """The emulated project. `reset` empties it without a new port; nobody has a permission in `denied`.

    `service_accounts` are the e-mail addresses of those that there are.
    """

    def __init__(self, settings: EmulatorSettings, start_kubernetes: StartKubernetes) -> None:
        self.project = settings.account or _PROJECT
        self.region = catalog.region_of(settings.region or _REGION) or settings.region or _REGION
        self.clock = Clock(settings.pace)
        self.calls: list[tuple[str, str]] = []
        self.denied: set[str] = set()
        self._directory = settings.directory
        self._directory.mkdir(parents=True, exist_ok=True)
        self._start_kubernetes = start_kubernetes
        self.accounts = Accounts(self.project, lambda: f"{self._server.url}/token")
        self.faults = Faults(self)
        self._server = Server(self.faults)
        self.host = self._server.host
        self._files = self._write_files()
        self._fill()

    @property
    def url(self) -> str:
        """Without a trailing slash."""
        return self._server.url

    @property
    def environment(self) -> Mapping[str, str]:
        """Credentials and endpoints; the user's own are kept out, and no other host is trusted."""
        url = f"{self.url}/"
        return {
            **self._files,
            VARIABLE: self.url,
            "GOOGLE_CLOUD_PROJECT": self.project,
            "GOOGLE_CLOUD_REGION": self.region,
            "GOOGLE_CLOUD_QUOTA_PROJECT": "",
            "GOOGLE_API_USE_CLIENT_CERTIFICATE": "false",
            "NO_GCE_CHECK": "true",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": url,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY": url,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE": url,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{url}compute/v1/",
            "CLOUDSDK_AUTH_ACCESS_TOKEN": "",
            "CLOUDSDK_CORE_PROJECT": self.project,
            "CLOUDSDK_COMPUTE_REGION": self.region,
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        }

    def reset(self) -> None:
        """An empty project; the key stays the same, tokens stay valid."""
        self.gke.close()
        self.faults.clear()
        self.calls.clear()
        self.denied.clear()
        self._fill()

    def close(self) -> None:
        """End the server and every cluster; idempotent."""
        self._server.close()
        self.gke.close()

    def writes(self) -> list[tuple[str, str]]:
        """The calls so far that may have changed something."""
        return [
            call for call in self.calls if call[0] != "GET" and not call[1].endswith(":testIamPermissions")
        ]

    def ledger(self) -> list[tuple[str, str, Mapping[str, str]]]:
        """Everything that is billed: kind, id, labels."""
        self.gke.settle()
        found: list[tuple[str, str, Mapping[str, str]]] = []
        for (location, name), record in sorted(self.gke.clusters.items()):
            labels = dict(record.message.resource_labels)
            found.append(("cluster", f"{location}/{name}", labels))
            for (zone, group), size in sorted(record.groups.items()):
                found += [("node", f"{zone}/{group}-{number}", labels) for number in range(size)]
        for (location, name), repo in sorted(self.artifacts.repositories.items()):
            found.append(("repository", f"{location}/{name}", dict(repo.message.labels)))
        for kind, objects in self.compute.planted.items():
            if kind in FREE:
                continue
            found += [(kind, str(one["name"]), one.get("labels", {})) for one in objects]
        return found

    def disown(self, name: str) -> None:
        """Take every label off the clusters of this name, as somebody at the console could."""
        for record in self.gke.clusters.values():
            if record.message.name == name:
                record.message.resource_labels.clear()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if str(environ["PATH_INFO"]).startswith(("/v2", "/artifacts-uploads/")):
            self.data_plane.denied = self.denied
            return self.data_plane(environ, start_response)
        request = Request.read(environ)
        try:
            status, body = 200, self._answer(request)
        except ApiError as error:
            status, body = error.code, error.body()
        except RefusedError as refused:
            status, body = 400, refused.body
        data = json.dumps(body).encode()
        headers = [("Content-Type", "application/json; charset=UTF-8"), ("Content-Length", str(len(data)))]
        start_response(f"{status} Google", headers)
        return [data]

    def _fill(self) -> None:
        host = self.host
        self.data_plane = DataPlane(self._directory / "registry", self.project, self.accounts, lambda: host)
        self.services = Services(self.project, _NUMBER, self.clock)
        self.artifacts = Artifacts(self.project, self.clock, self.data_plane.registry, lambda: host)
        self.data_plane.serve(self.artifacts)
        for name in self.data_plane.registry.repositories():
            self.data_plane.registry.delete_repository(name)
        self.gke = Gke(self.project, self.clock, self.url, self._start_api)
        self.gke.denied = self.denied
        self.compute = Compute(self.project, _NUMBER, self.gke)
        self.service_accounts = {self.accounts.email, self.compute.account}
        self.gke.accounts = self.artifacts.accounts = self.service_accounts
        self._apis: dict[str, object] = {
            "artifacts": self.artifacts,
            "compute": self.compute,
            "gke": self.gke,
            "pools": NodePools(self.gke),
            "projects": Projects(self.denied),
            "services": self.services,
        }

    def _write_files(self) -> dict[str, str]:
        """Key, token and configuration; the CA file trusts nobody but ourselves, so no token leaves."""
        from clouddeploy.emulator.certificates import Authority

        key = self.accounts.write_key(self._directory / "service-account.json")
        token = write_private(self._directory / "access-token", self.accounts.issue(life=10**9))
        authority = Authority(self._directory / "authority", "trusts nobody").pair.certificate
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(key),
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
            "CLOUDSDK_CONFIG": str(self._directory / "gcloud"),
            "REQUESTS_CA_BUNDLE": str(authority),
        }

    def _answer(self, request: Request) -> Json:
        if request.path == "/":
            return {}
        if request.path == "/token":
            return self.accounts.exchange(request.body)
        if request.path == "/tokeninfo":
            return self._token_info(request)
        self.accounts.bearer(request.headers.get("authorization"))
        found = find(request)
        if found is None:
            raise no_route(request)
        self.calls.append((request.method, request.path))
        if found.route.api == "compute":
            check_path(found.named)
        self._permit(found.route, found.named.get("project") or self.project)
        regional = found.route.api in {"artifacts", "gke", "pools"}
        self.services.require(found.route.service, paid=regional)
        if regional and found.parts:
            self._check_place(found.route, found.parts[0])
        return self._serve(found, request)

    def _serve(self, found: Matched, request: Request) -> Json:
        route = found.route
        try:
            good = checked(request, route.request, route.body)
            answer: Json = getattr(self._apis[route.api], route.action)(*found.parts, good)
        except ApiError as error:
            if route.api != "compute":
                raise
            raise ComputeError.of(error) from error
        return answer

    def _check_place(self, route: Route, location: str) -> None:
        """The words are GKE's: google/kctf#139, with the details of firezone/firezone#7711.

        That the other APIs have the same is UNVERIFIED.
        """
        if (location == "-" and route.action in _LISTS) or catalog.has_place(route.api, location):
            return
        where = {"consumer": f"projects/{self.project}", "location": location, "service": route.service}
        text = f"Permission denied on 'locations/{location}' (or it may not exist)."
        raise ApiError("PERMISSION_DENIED", text, reason="LOCATION_POLICY_VIOLATED", metadata=where)

    def _permit(self, route: Route, project: str) -> None:
        permission = route.permission
        if project in {self.project, _NUMBER} and permission not in self.denied:
            return
        if route.api == "compute":  # GoogleCloudPlatform/k8s-multicluster-ingress#90
            text = f"Required '{permission}' permission for 'projects/{project}'"
            raise ComputeError("PERMISSION_DENIED", text)
        raise ApiError(
            "PERMISSION_DENIED",
            f"Permission '{permission}' denied on resource '//cloudresourcemanager.googleapis.com/projects/"
            f"{project}' (or it may not exist).",
            reason="IAM_PERMISSION_DENIED",
            metadata={"permission": permission},
        )

    def _token_info(self, request: Request) -> Json:
        from urllib.parse import parse_qs

        token = parse_qs(request.body.decode()).get("access_token", [request.one("access_token")])[0]
        found = self.accounts.info(token)
        if found is None:
            raise RefusedError("invalid_token", "Invalid Value")
        return found

    def _start_api(self, record: Record) -> KubernetesApi:
        def problem(image: str) -> str | None:
            named = record.node_account
            return self.data_plane.pull_problem(image, self.compute.account if named == "default" else named)

        location, name = record.key
        directory = self._directory / "clusters" / f"{location}-{name}-{record.message.id[:8]}"
        machines = machines_of(record)
        made = attached.Attached(self.compute, record, machines)
        return self._start_kubernetes(directory, self._user, problem, machines, made)

    def _user(self, token: str) -> tuple[str, tuple[str, ...]] | None:
        email = self.accounts.token_principal(token)
        return (email, ("system:masters",)) if email else None
