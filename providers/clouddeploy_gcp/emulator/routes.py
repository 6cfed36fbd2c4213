"""Which request goes where, which service must be on for it, and which permission it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clouddeploy_gcp.emulator.answers import Request

_PROJECT = r"/projects/(?P<project>[^/:]+)"
_PLACE = rf"/v1{_PROJECT}/locations/([^/:]+)"
_CLUSTER = rf"{_PLACE}/clusters/([^/:]+)"
_POOL = rf"{_CLUSTER}/nodePools/([^/:]+)"
_REPO = rf"{_PLACE}/repositories/([^/:]+)"
_VERSION = rf"{_REPO}/packages/([^/:]+)/versions/([^/]+)"
_SERVICE = rf"/v1{_PROJECT}/services"
_COMPUTE = rf"/compute/v1{_PROJECT}"
_AR = "artifactregistry.repositories"

_TABLE = (
    ("GET", rf"{_PLACE}/serverConfig", "container.clusters.list", "gke.server_config"),
    ("GET", rf"{_PLACE}/clusters", "container.clusters.list", "gke.clusters_in"),
    ("POST", rf"{_PLACE}/clusters", "container.clusters.create", "gke.create"),
    ("GET", _CLUSTER, "container.clusters.get", "gke.get"),
    ("PUT", _CLUSTER, "container.clusters.update", "gke.update"),
    ("DELETE", _CLUSTER, "container.clusters.delete", "gke.delete"),
    ("POST", rf"{_CLUSTER}:setResourceLabels", "container.clusters.update", "gke.set_labels"),
    ("GET", rf"{_CLUSTER}/nodePools", "container.clusters.get", "pools.every"),
    ("POST", rf"{_CLUSTER}/nodePools", "container.clusters.update", "pools.create"),
    ("DELETE", _POOL, "container.clusters.update", "pools.delete"),
    ("GET", _POOL, "container.clusters.get", "pools.get"),
    ("PUT", _POOL, "container.clusters.update", "pools.update"),
    ("POST", rf"{_POOL}:setSize", "container.clusters.update", "pools.set_size"),
    ("GET", rf"{_PLACE}/operations/(operation-[^/]+)", "container.operations.get", "gke.operation"),
    ("GET", rf"{_PLACE}/operations", "container.operations.list", "gke.operations"),
    ("GET", rf"/v1(?:beta2)?{_PROJECT}/locations", f"{_AR}.list", "artifacts.locations"),
    ("GET", rf"{_PLACE}/repositories", f"{_AR}.list", "artifacts.repositories_in"),
    ("POST", rf"{_PLACE}/repositories", f"{_AR}.create", "artifacts.create"),
    ("GET", _REPO, f"{_AR}.get", "artifacts.get"),
    ("DELETE", _REPO, f"{_AR}.delete", "artifacts.delete"),
    ("GET", rf"{_REPO}:getIamPolicy", f"{_AR}.getIamPolicy", "artifacts.policy"),
    ("POST", rf"{_REPO}:setIamPolicy", f"{_AR}.setIamPolicy", "artifacts.set_policy"),
    ("GET", rf"{_REPO}/dockerImages", "artifactregistry.dockerimages.list", "artifacts.images"),
    ("DELETE", _VERSION, "artifactregistry.versions.delete", "artifacts.delete_version"),
    ("GET", rf"{_PLACE}/operations/([^/]+)", f"{_AR}.get", "artifacts.operation"),
    ("GET", _SERVICE, "serviceusage.services.list", "services.every"),
    ("GET", rf"{_SERVICE}:batchGet", "serviceusage.services.get", "services.batch_get"),
    ("POST", rf"{_SERVICE}:batchEnable", "serviceusage.services.enable", "services.batch_enable"),
    ("GET", rf"{_SERVICE}/([^/:]+)", "serviceusage.services.get", "services.get"),
    ("POST", rf"{_SERVICE}/([^/:]+):enable", "serviceusage.services.enable", "services.enable"),
    ("GET", r"/v1/(operations/[^/]+)", "serviceusage.services.get", "services.operation"),
    ("POST", rf"/v1{_PROJECT}:testIamPermissions", "cloudresourcemanager.projects.get", "projects.test"),
    ("GET", _COMPUTE, "compute.projects.get", "compute.project"),
    ("GET", rf"{_COMPUTE}/regions", "compute.regions.list", "compute.regions"),
    ("GET", rf"{_COMPUTE}/regions/([^/]+)", "compute.regions.get", "compute.region"),
    ("GET", rf"{_COMPUTE}/zones", "compute.zones.list", "compute.zones"),
    ("GET", rf"{_COMPUTE}/zones/([^/]+)/machineTypes", "compute.machineTypes.list", "compute.machines"),
    (
        "GET",
        rf"{_COMPUTE}/zones/([^/]+)/instanceGroupManagers/([^/]+)",
        "compute.instanceGroupManagers.get",
        "compute.group",
    ),
    ("GET", rf"{_COMPUTE}/aggregated/([^/]+)", "compute.instances.list", "compute.aggregated"),
)


@dataclass(frozen=True)
class Route:
    """One operation: what serves it, the API's host, the permission."""

    api: str
    action: str
    service: str
    permission: str


@dataclass(frozen=True)
class Matched:
    """A request that has a route; `project` is None where the path names none."""

    route: Route
    project: str | None
    parts: tuple[str, ...]


def find(request: Request) -> Matched | None:
    """The first route that takes the request."""
    path = request.path.rstrip("/")
    for method, pattern, route in _ROUTES:
        found = pattern.fullmatch(path) if method == request.method else None
        if found:
            project = found.groupdict().get("project")
            parts = tuple(found.groups())[1:] if project else tuple(found.groups())
            return Matched(route, project, parts)
    return None


def _route(permission: str, served_by: str) -> Route:
    api, _, action = served_by.partition(".")
    return Route(api, action, f"{permission.partition('.')[0]}.googleapis.com", permission)


_ROUTES = [
    (method, re.compile(pattern), _route(permission, served_by))
    for method, pattern, permission, served_by in _TABLE
]
