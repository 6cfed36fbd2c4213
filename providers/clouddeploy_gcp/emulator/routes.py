"""Which request goes where, which service must be on for it, and which permission it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
_PLACES = rf"/v1(?:beta2)?{_PROJECT}/locations"
_REPOS = rf"{_PLACE}/repositories"
_ZONE = rf"{_COMPUTE}/zones/(?P<zone>[^/]+)"
KINDS = ("addresses", "disks", "forwardingRules", "instances", "targetPools", "urlMaps")
"""What can be listed for all places at once."""

_GROUP = rf"{_ZONE}/instanceGroupManagers/([^/]+)"
_OPERATION, _LONGRUNNING = "GetOperationRequest", "longrunning.GetOperationRequest"
_READ_POLICY, _WRITE_POLICY = "iam.GetIamPolicyRequest", "iam.SetIamPolicyRequest"
_ENABLE, _PERMISSIONS = "BatchEnableServicesRequest", "TestIamPermissionsRequest"
_AGGREGATED = "AggregatedListRequest"

_GKE = (
    ("GET", rf"{_PLACE}/serverConfig", "clusters.list", "gke.server_config", "GetServerConfigRequest"),
    ("GET", rf"{_PLACE}/clusters", "clusters.list", "gke.clusters_in", "ListClustersRequest"),
    ("POST", rf"{_PLACE}/clusters", "clusters.create", "gke.create", "CreateClusterRequest"),
    ("GET", _CLUSTER, "clusters.get", "gke.get", "GetClusterRequest"),
    ("PUT", _CLUSTER, "clusters.update", "gke.update", "UpdateClusterRequest"),
    ("DELETE", _CLUSTER, "clusters.delete", "gke.delete", "DeleteClusterRequest"),
    ("POST", rf"{_CLUSTER}:setResourceLabels", "clusters.update", "gke.set_labels", "SetLabelsRequest"),
    ("GET", rf"{_CLUSTER}/nodePools", "clusters.get", "pools.every", "ListNodePoolsRequest"),
    ("POST", rf"{_CLUSTER}/nodePools", "clusters.update", "pools.create", "CreateNodePoolRequest"),
    ("DELETE", _POOL, "clusters.update", "pools.delete", "DeleteNodePoolRequest"),
    ("GET", _POOL, "clusters.get", "pools.get", "GetNodePoolRequest"),
    ("PUT", _POOL, "clusters.update", "pools.update", "UpdateNodePoolRequest"),
    ("POST", rf"{_POOL}:setSize", "clusters.update", "pools.set_size", "SetNodePoolSizeRequest"),
    ("GET", rf"{_PLACE}/operations/(operation-[^/]+)", "operations.get", "gke.operation", _OPERATION),
    ("GET", rf"{_PLACE}/operations", "operations.list", "gke.operations", "ListOperationsRequest"),
)
_IMAGES = (
    ("GET", _PLACES, "repositories.list", "artifacts.locations", "places.ListLocationsRequest"),
    ("GET", _REPOS, "repositories.list", "artifacts.repositories_in", "ListRepositoriesRequest"),
    ("POST", _REPOS, "repositories.create", "artifacts.create", "CreateRepositoryRequest"),
    ("GET", _REPO, "repositories.get", "artifacts.get", "GetRepositoryRequest"),
    ("DELETE", _REPO, "repositories.delete", "artifacts.delete", "DeleteRepositoryRequest"),
    ("GET", rf"{_REPO}:getIamPolicy", "repositories.getIamPolicy", "artifacts.policy", _READ_POLICY),
    ("POST", rf"{_REPO}:setIamPolicy", "repositories.setIamPolicy", "artifacts.set_policy", _WRITE_POLICY),
    ("GET", rf"{_REPO}/dockerImages", "dockerimages.list", "artifacts.images", "ListDockerImagesRequest"),
    ("DELETE", _VERSION, "versions.delete", "artifacts.delete_version", "DeleteVersionRequest"),
    ("GET", rf"{_PLACE}/operations/([^/]+)", "repositories.get", "artifacts.operation", _LONGRUNNING),
)
_SERVICES = (
    ("GET", _SERVICE, "services.list", "services.every", "ListServicesRequest"),
    ("GET", rf"{_SERVICE}:batchGet", "services.get", "services.batch_get", "BatchGetServicesRequest"),
    ("POST", rf"{_SERVICE}:batchEnable", "services.enable", "services.batch_enable", _ENABLE),
    ("GET", rf"{_SERVICE}/([^/:]+)", "services.get", "services.get", "GetServiceRequest"),
    ("POST", rf"{_SERVICE}/([^/:]+):enable", "services.enable", "services.enable", "EnableServiceRequest"),
    ("GET", r"/v1/(operations/[^/]+)", "services.get", "services.operation", _OPERATION),
)
_PROJECTS = (("POST", rf"/v1{_PROJECT}:testIamPermissions", "projects.get", "projects.test", _PERMISSIONS),)
_MACHINES = (
    ("GET", _COMPUTE, "projects.get", "compute.project", "GetRequest"),
    ("GET", rf"{_COMPUTE}/regions", "regions.list", "compute.regions", "ListRequest"),
    ("GET", rf"{_COMPUTE}/regions/(?P<region>[^/]+)", "regions.get", "compute.region", "GetRequest"),
    ("GET", rf"{_COMPUTE}/global/firewalls", "firewalls.list", "compute.firewalls", "ListRequest"),
    ("GET", rf"{_COMPUTE}/zones", "zones.list", "compute.zones", "ListRequest"),
    ("GET", rf"{_ZONE}/machineTypes", "machineTypes.list", "compute.machines", "ListRequest"),
    ("GET", _GROUP, "instanceGroupManagers.get", "compute.group", "GetRequest"),
    *(
        ("GET", rf"{_COMPUTE}/aggregated/({kind})", f"{kind}.list", "compute.aggregated", _AGGREGATED)
        for kind in KINDS
    ),
)
_TABLES = {
    ("container", "container"): _GKE,
    ("artifactregistry", "artifacts"): _IMAGES,
    ("serviceusage", "services"): _SERVICES,
    ("cloudresourcemanager", "iam"): _PROJECTS,
    ("compute", "compute"): _MACHINES,
}
"""By service and by where its requests' messages are: verb, path, permission, what serves it, message."""

_BODIES = {"artifacts.CreateRepositoryRequest": "repository"}


@dataclass(frozen=True)
class Route:
    """One operation: what serves it, the API's host, the permission.

    `request` is the message that a request is, by API and name; `body` the field of it that comes as the
    body, `*` for all that the path has not, empty for none.
    """

    api: str
    action: str
    service: str
    permission: str
    request: str
    body: str


@dataclass(frozen=True)
class Matched:
    """A request that has a route: what the path names, by name and, but for the project, in order."""

    route: Route
    named: Mapping[str, str]
    parts: tuple[str, ...]


def find(request: Request) -> Matched | None:
    """The first route that takes the request."""
    path = request.path.rstrip("/")
    for method, pattern, route in ROUTES:
        found = pattern.fullmatch(path) if method == request.method else None
        if found:
            named = found.groupdict()
            return Matched(route, named, tuple(found.groups())["project" in named :])
    return None


def _routes() -> Iterator[tuple[str, re.Pattern[str], Route]]:
    for (service, messages), table in _TABLES.items():
        for verb, path, permission, served_by, message in table:
            api, _, action = served_by.partition(".")
            request = message if "." in message else f"{messages}.{message}"
            body = _BODIES.get(request, "*" if verb in {"POST", "PUT"} else "")
            host, allowed = f"{service}.googleapis.com", f"{service}.{permission}"
            yield verb, re.compile(path), Route(api, action, host, allowed, request, body)


ROUTES = tuple(_routes())
"""Verb, path, route."""
