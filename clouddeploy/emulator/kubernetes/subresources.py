"""status, scale, finalize, binding, eviction and log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clouddeploy.emulator.kubernetes import status
from clouddeploy.emulator.kubernetes.deletion import Wish, delete
from clouddeploy.emulator.kubernetes.logs import container_log
from clouddeploy.emulator.kubernetes.objects import Objects
from clouddeploy.emulator.kubernetes.patch import json_patch, merge_patch
from clouddeploy.emulator.kubernetes.request import Place, Request
from clouddeploy.emulator.kubernetes.writing import patch, replace

Json = dict[str, Any]
Answer = tuple[int, Json | str | bytes | Iterator[bytes]]

_SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def serve_subresource(objects: Objects, request: Request, place: Place) -> Answer:
    """Raises ApiError 404 for a subresource that the kind does not have."""
    resource = place.resource
    match place.subresource, request.method:
        case "status", "GET" if resource.status:
            return 200, objects.get(resource, place.namespace, place.name)
        case "status", "PUT" if resource.status:
            return replace(objects, request, place)
        case "status", "PATCH" if resource.status:
            return patch(objects, request, place)
        case "scale", _ if resource.scale:
            return _scale(objects, request, place)
        case "finalize", "PUT" if resource.kind == "Namespace":
            return replace(objects, request, place)
        case _ if resource.kind == "Pod":
            return _pod(objects, request, place)
    raise status.no_such_path()


def _pod(objects: Objects, request: Request, place: Place) -> Answer:
    match place.subresource, request.method:
        case "log", "GET":
            pod = objects.get(place.resource, place.namespace, place.name)
            return 200, container_log(pod, request.query)
        case "binding", "POST":
            return _bind(objects, request, place)
        case "eviction", "POST":
            delete(objects, place.resource, place.namespace, place.name, Wish())
            return 201, _SUCCESS
    raise status.no_such_path()


def _bind(objects: Objects, request: Request, place: Place) -> Answer:
    """The scheduler's: sets spec.nodeName."""
    node = request.data()["target"]["name"]

    def change(pod: Json) -> Json:
        if pod["spec"].get("nodeName"):
            text = f'pod {place.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
            raise status.conflict(place.resource, f"pods/binding {place.name}", text)
        return {**pod, "spec": {**pod["spec"], "nodeName": node}}

    objects.update(place.resource, place.namespace, place.name, change, request.options("binding"))
    return 201, _SUCCESS


def _scale(objects: Objects, request: Request, place: Place) -> Answer:
    obj = objects.get(place.resource, place.namespace, place.name)
    if request.method == "GET":
        return 200, _scale_of(obj)
    replicas = _new_scale(request, _scale_of(obj))["spec"].get("replicas", 0)
    if replicas < 0:
        cause = status.Cause(
            "FieldValueInvalid",
            "spec.replicas",
            f"Invalid value: {replicas}: must be greater than or equal to 0",
        )
        raise status.invalid(place.resource, place.name, [cause])

    def change(old: Json) -> Json:
        return {**old, "spec": {**old["spec"], "replicas": replicas}}

    options = request.options("scale")
    return 200, _scale_of(objects.update(place.resource, place.namespace, place.name, change, options))


def _new_scale(request: Request, old: Json) -> Json:
    match request.method, request.content_type:
        case "PUT", _:
            new = request.data()
        case "PATCH", "application/json-patch+json":
            new = json_patch(old, request.data())
        case "PATCH", _:
            new = merge_patch(old, request.data("application/json"))
        case _:
            raise status.method_not_allowed()
    return dict(new)


def _scale_of(obj: Mapping[str, Any]) -> Json:
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = (obj["spec"].get("selector") or {}).get("matchLabels") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: obj["metadata"][name] for name in names},
        "spec": {"replicas": obj["spec"]["replicas"]} if obj["spec"].get("replicas") else {},
        "status": {
            "replicas": obj.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        },
    }
