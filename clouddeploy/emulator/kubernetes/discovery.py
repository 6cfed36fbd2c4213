"""Health, version, discovery, and the reviews that answer "who am I" and "may I"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.request import Request
from clouddeploy.emulator.kubernetes.resources import GROUPS, RESOURCES, Resource
from clouddeploy.emulator.kubernetes.users import User

Json = dict[str, Any]
Answer = tuple[int, Json | str | bytes | Iterator[bytes]]

VERSION = {"major": "1", "minor": "36", "gitVersion": "v1.36.0", "gitCommit": "", "gitTreeState": "clean"}
VERSION |= {"buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64"}

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_ALL = frozenset(
    (
        "CronJob",
        "DaemonSet",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Job",
        "Pod",
        "ReplicaSet",
        "Service",
        "StatefulSet",
    )
)
_HEALTH = ("/healthz", "/livez", "/readyz")
_REVIEWS = {"authorization.k8s.io": "SelfSubjectAccessReview", "authentication.k8s.io": "SelfSubjectReview"}


def describe(request: Request) -> Answer:
    """What a path says that names no resource; 404 for one that nobody knows."""
    path = request.path.rstrip("/")
    if path in _HEALTH:
        return 200, "ok"
    if action := _DOCUMENTS.get(path):
        return 200, action()
    if path == "/openapi/v2":
        return 200, _openapi(request)
    parts = path.split("/")
    if parts[1:2] == ["apis"] and len(parts) == 3 and parts[2] in GROUPS:
        return 200, {"kind": "APIGroup", "apiVersion": "v1", **_group(parts[2], GROUPS[parts[2]])}
    resources = [resource for resource in RESOURCES if resource.path == path]
    if resources:
        return 200, _resource_list(resources)
    return 404, "404 page not found\n"


def review(request: Request, user: User) -> Json | None:
    """The answer to a SelfSubjectReview or SelfSubjectAccessReview, None when the path is neither."""
    for group, kind in _REVIEWS.items():
        if request.method == "POST" and request.path == f"/apis/{group}/v1/{kind.lower()}s":
            head = {"kind": kind, "apiVersion": f"{group}/v1", "metadata": {}}
            readable = "json" in request.content_type  # kubectl sends protobuf, and takes JSON back
            return {**head, **_review(kind, request.data() if readable else {}, user)}
    return None


def _review(kind: str, body: Mapping[str, Any], user: User) -> Json:
    if kind == "SelfSubjectReview":
        return {"status": {"userInfo": {"username": user.name, "groups": list(user.groups)}}}
    return {"spec": body.get("spec", {}), "status": {"allowed": user.master}}


def _group(name: str, version: str) -> Json:
    served = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [served], "preferredVersion": served}


def _groups() -> Json:
    groups = [_group(name, version) for name, version in GROUPS.items()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _versions() -> Json:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _resource_list(resources: list[Resource]) -> Json:
    entries = [entry for resource in resources for entry in _entries(resource)]
    head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": resources[0].api_version}
    return {**head, "resources": entries}


def _entries(resource: Resource) -> list[Json]:
    base = {"singularName": "", "namespaced": resource.namespaced, "kind": resource.kind}
    main = {**base, "name": resource.plural, "singularName": resource.singular, "verbs": _VERBS}
    if resource.kind in _ALL:
        main["categories"] = ["all"]
    if resource.short:
        main["shortNames"] = list(resource.short)
    entries = [main]
    if resource.status:
        entries.append({**base, "name": f"{resource.plural}/status", "verbs": ["get", "patch", "update"]})
    if resource.scale:
        scale = {
            "group": "autoscaling",
            "version": "v1",
            "kind": "Scale",
            "verbs": ["get", "patch", "update"],
        }
        entries.append({**base, **scale, "name": f"{resource.plural}/scale"})
    if resource.kind == "Pod":
        entries.append({**base, "name": "pods/log", "verbs": ["get"]})
    return entries


def _openapi(request: Request) -> Json | bytes:
    """An empty description: a client finds no schema and leaves the checks to the server.

    kubectl wants it as protobuf: the one field `swagger` of openapi.v2.Document.
    """
    if "proto-openapi" in request.accept:
        return b"\x0a\x032.0"
    return {"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.36.0"}, "paths": {}}


_DOCUMENTS: Mapping[str, Callable[[], Json]] = {
    "/version": lambda: VERSION,
    "/api": _versions,
    "/apis": _groups,
}
