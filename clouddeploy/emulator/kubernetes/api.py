"""The small Kubernetes API server as a WSGI application.

https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clouddeploy.emulator.kubernetes import status
from clouddeploy.emulator.kubernetes.deletion import delete, read_wish
from clouddeploy.emulator.kubernetes.discovery import describe, review
from clouddeploy.emulator.kubernetes.objects import Objects
from clouddeploy.emulator.kubernetes.reading import list_objects, watch_objects
from clouddeploy.emulator.kubernetes.request import Place, Request, locate
from clouddeploy.emulator.kubernetes.store import Store
from clouddeploy.emulator.kubernetes.subresources import serve_subresource
from clouddeploy.emulator.kubernetes.users import ANONYMOUS, Authenticate, User, identify
from clouddeploy.emulator.kubernetes.writing import create, patch, replace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Json = dict[str, Any]
Answer = tuple[int, Json | str | bytes | Iterator[bytes]]

_REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}
_REASONS |= {404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 410: "Gone"}
_REASONS |= {415: "Unsupported Media Type", 422: "Unprocessable Entity", 500: "Internal Server Error"}
_PUBLIC = ("/healthz", "/livez", "/readyz", "/version")
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Api:
    """Answers requests from a store; `authenticate` knows the bearer tokens."""

    def __init__(self, store: Store, authenticate: Authenticate) -> None:
        self._objects = Objects(store)
        self._authenticate = authenticate

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request.read(environ)
        try:
            user = identify(environ, self._authenticate)
            code, body = self._answer(request, user)
        except status.ApiError as error:
            code, body = error.code, error.body()
        line = f"{code} {_REASONS[code]}"
        if isinstance(body, Iterator):
            start_response(line, [("Content-Type", "application/json")])
            return body
        kind, data = _encoded(body)
        start_response(line, [("Content-Type", kind), ("Content-Length", str(len(data)))])
        return [data]

    def _answer(self, request: Request, user: User) -> Answer:
        if user != ANONYMOUS and (answer := review(request, user)):
            return 201, answer
        place = locate(request.path)
        if place is None:
            return self._describe(request, user)
        if not user.master:
            raise status.forbidden(place.resource, place.name, _refusal(request, place, user))
        if place.subresource:
            return serve_subresource(self._objects, request, place)
        if place.name:
            return self._one(request, place)
        return self._many(request, place)

    def _describe(self, request: Request, user: User) -> Answer:
        """Health, version and discovery: paths that name no resource."""
        if user == ANONYMOUS and request.path.rstrip("/") not in _PUBLIC:
            text = f'forbidden: User "{user.name}" cannot {request.method.lower()} path "{request.path}"'
            raise status.ApiError(403, "Forbidden", text, {})
        return describe(request)

    def _one(self, request: Request, place: Place) -> Answer:
        objects = self._objects
        if place.resource.namespaced and not place.namespace:
            raise status.no_such_path()
        match request.method:
            case "GET" | "HEAD":
                return 200, objects.get(place.resource, place.namespace, place.name)
            case "PUT":
                return replace(objects, request, place)
            case "PATCH":
                return patch(objects, request, place)
            case "DELETE":
                wish = read_wish(_optional_body(request), request.query)
                return 200, delete(objects, place.resource, place.namespace, place.name, wish)
        raise status.method_not_allowed()

    def _many(self, request: Request, place: Place) -> Answer:
        match request.method:
            case "GET" if request.watches:
                return 200, watch_objects(self._objects.store, request, place)
            case "GET" | "HEAD":
                return 200, list_objects(self._objects.store, request, place)
            case "POST" if place.namespace or not place.resource.namespaced:
                return create(self._objects, request, place)
            case "DELETE" if place.namespace or not place.resource.namespaced:
                return 200, self._delete_all(request, place)
        raise status.method_not_allowed()

    def _delete_all(self, request: Request, place: Place) -> Json:
        wish = read_wish(_optional_body(request), request.query)
        found = list_objects(self._objects.store, request, place)
        for item in found["items"]:
            metadata = item["metadata"]
            delete(self._objects, place.resource, metadata.get("namespace", ""), metadata["name"], wish)
        return found


def _encoded(body: Json | str | bytes) -> tuple[str, bytes]:
    if isinstance(body, bytes):
        return "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", body
    if isinstance(body, str):
        return "text/plain; charset=utf-8", body.encode()
    return "application/json", json.dumps(body, separators=(",", ":")).encode()


def _optional_body(request: Request) -> Mapping[str, Any]:
    body = request.data() if request.body.strip() else {}
    return body if isinstance(body, Mapping) else {}


def _refusal(request: Request, place: Place, user: User) -> str:
    verb = _VERBS.get(request.method) or ("get" if place.name else "watch" if request.watches else "list")
    verb = "deletecollection" if verb == "delete" and not place.name else verb
    name = "/".join(filter(None, (place.resource.plural, place.subresource)))
    text = f'User "{user.name}" cannot {verb} resource "{name}" in API group "{place.resource.group}"'
    return (
        f'{text} in the namespace "{place.namespace}"' if place.namespace else f"{text} at the cluster scope"
    )
