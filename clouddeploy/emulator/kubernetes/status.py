"""The API's refusals: `Status` objects in the API server's own words.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clouddeploy.emulator.kubernetes.resources import Resource

Json = dict[str, Any]


class ApiError(Exception):
    """Ends a request with a Status object."""

    def __init__(
        self, code: int, reason: str, message: str, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details

    def body(self) -> Json:
        """The Status object."""
        status: Json = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        status |= {"message": str(self)} | ({"reason": self.reason} if self.reason else {})
        if self.details is not None:
            status["details"] = dict(self.details)
        return status | {"code": self.code}


@dataclass(frozen=True)
class Cause:
    """What is wrong with one field; `reason` is FieldValueRequired, FieldValueInvalid and so on."""

    reason: str
    field: str
    message: str


def _details(resource: Resource, name: str = "", **more: object) -> Json:
    named = {"name": name} if name else {}
    group = {"group": resource.group} if resource.group else {}
    return {**named, **group, "kind": resource.plural, **more}


def not_found(resource: Resource, name: str) -> ApiError:
    message = f'{resource.id} "{name}" not found'
    return ApiError(404, "NotFound", message, _details(resource, name))


def already_exists(resource: Resource, name: str) -> ApiError:
    message = f'{resource.id} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(resource, name))


def conflict(resource: Resource, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {resource.id} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def modified(resource: Resource, name: str) -> ApiError:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def apply_conflict(causes: Sequence[Cause], message: str) -> ApiError:
    return ApiError(409, "Conflict", message, {"causes": [vars(cause) for cause in causes]})


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> ApiError:
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = _details(resource, name, causes=[vars(cause) for cause in causes]) | {"kind": resource.kind}
    return ApiError(422, "Invalid", f'{resource.kind_id} "{name}" is invalid: {text}', details)


def forbidden(resource: Resource, name: str, why: str, *causes: Cause) -> ApiError:
    subject = f'{resource.id} "{name}"' if name else resource.id
    more = {"causes": [vars(cause) for cause in causes]} if causes else {}
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", _details(resource, name, **more))


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def too_old(wanted: int, oldest: int) -> ApiError:
    return ApiError(410, "Expired", f"too old resource version: {wanted} ({oldest})")


def method_not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    message = "the body of the request was in an unknown format - accepted media types include: "
    message += ", ".join(accepted)
    return ApiError(415, "UnsupportedMediaType", message)


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def wrong_uid(resource: Resource, metadata: Mapping[str, Any], wanted: str) -> ApiError:
    name = metadata["name"]
    why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {metadata['uid']}"
    key = "/".join(("/registry", resource.plural, metadata.get("namespace", ""), name)).replace("//", "/")
    storage = f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg"
    return conflict(resource, name, f"{storage}: {why}")


def invalid_options(kind: str, cause: Cause) -> ApiError:
    text = f'{kind}.meta.k8s.io "" is invalid: {cause.field}: {cause.message}'
    details = {"group": "meta.k8s.io", "kind": kind, "causes": [vars(cause)]}
    return ApiError(422, "Invalid", text, details)
