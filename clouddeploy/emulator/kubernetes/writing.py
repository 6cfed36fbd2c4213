"""POST, PUT and PATCH of objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy.emulator.kubernetes import status
from clouddeploy.emulator.kubernetes.objects import Objects
from clouddeploy.emulator.kubernetes.patch import json_patch, merge_patch, strategic_merge_patch
from clouddeploy.emulator.kubernetes.request import Place, Request
from clouddeploy.emulator.kubernetes.schema import Type

Json = dict[str, Any]

APPLY = "application/apply-patch+yaml"
_PATCHES: Mapping[str, Callable[[Any, Any, Type], Any]] = {
    "application/json-patch+json": lambda old, changes, _type: json_patch(old, changes),
    "application/merge-patch+json": lambda old, changes, _type: merge_patch(old, changes),
    "application/strategic-merge-patch+json": strategic_merge_patch,
}
_BODIES = ("", "application/json", "application/yaml")
_ACCEPTED = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")


def create(objects: Objects, request: Request, place: Place) -> tuple[int, Json]:
    """POST to a collection."""
    body = _body(request, place)
    return 201, objects.create(place.resource, place.namespace, body, request.options())


def replace(objects: Objects, request: Request, place: Place) -> tuple[int, Json]:
    """PUT of an object or of its status."""
    body = _body(request, place)
    options = request.options(place.subresource)
    return 200, objects.update(place.resource, place.namespace, place.name, lambda _old: body, options)


def patch(objects: Objects, request: Request, place: Place) -> tuple[int, Json]:
    """PATCH in any of the formats."""
    options = request.options(place.subresource)
    if request.content_type == APPLY:
        return _apply(objects, request, place)
    patched = _PATCHES.get(request.content_type)
    if patched is None:
        raise status.ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    changes = request.data("application/json")

    def change(old: Json) -> Json:
        new = patched(old, changes, place.resource.type)
        _check_place(new, place)
        return dict(new)

    return 200, objects.update(place.resource, place.namespace, place.name, change, options)


def _apply(objects: Objects, request: Request, place: Place) -> tuple[int, Json]:
    if not request.query.get("fieldManager"):
        cause = status.Cause(
            "FieldValueRequired", "fieldManager", "Required value: is required for apply patch"
        )
        raise status.invalid_options("PatchOptions", cause)
    config = request.data(APPLY)
    if not isinstance(config, Mapping) or not config.get("kind") or not config.get("apiVersion"):
        raise status.bad_request("invalid object type: /, Kind=")
    if (config.get("metadata") or {}).get("managedFields") is not None:
        raise status.bad_request("metadata.managedFields must be nil")
    config = {**config, "metadata": {"name": place.name, **(config.get("metadata") or {})}}
    _check_kind(config, place)
    _check_place(config, place)
    options = request.options(place.subresource)
    obj, created = objects.apply(place.resource, place.namespace, place.name, without_nulls(config), options)
    return 201 if created else 200, obj


def without_nulls(value: Any) -> Any:
    """For an applied configuration null and absent are the same."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def _body(request: Request, place: Place) -> Json:
    if request.content_type not in _BODIES:
        raise status.unsupported_media_type(_ACCEPTED)
    body = request.data()
    if not isinstance(body, dict):
        raise status.bad_request(
            f"the object provided is unrecognized (must be of type {place.resource.kind})"
        )
    _check_kind(body, place)
    _check_place(body, place)
    return body


def _check_kind(body: Mapping[str, Any], place: Place) -> None:
    resource = place.resource
    kind, version = body.get("kind") or resource.kind, body.get("apiVersion") or resource.api_version
    if (kind, version) != (resource.kind, resource.api_version):
        text = f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        start = f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise status.bad_request(f"{start}: {text}")


def _check_place(body: Mapping[str, Any], place: Place) -> None:
    metadata = body.get("metadata") or {}
    name = metadata.get("name")
    if place.name and name and name != place.name:
        text = f"the name of the object ({name}) does not match the name on the URL ({place.name})"
        raise status.bad_request(text)
    if metadata.get("namespace") and metadata["namespace"] != place.namespace:
        text = "the namespace of the provided object does not match the namespace sent on the request"
        raise status.bad_request(text)
