"""Answers and errors in the API's form; source: the `error` schema of digitalocean/openapi."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_IDS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    412: "precondition_failed",
    422: "unprocessable_entity",
    429: "too_many_requests",
    500: "server_error",
    503: "service_unavailable",
}


class ApiError(Exception):
    """An error that the API answers: its HTTP status and message; the id follows from the status."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(self) -> Answer:
        """As it goes out, with a request id."""
        body = {"id": _IDS[self.status], "message": self.message, "request_id": str(uuid.uuid4())}
        return Answer(self.status, body, self.headers)


@dataclass(frozen=True)
class Answer:
    """One answer: a JSON body, text, or None for an empty one."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()

    def media_type(self) -> str:
        return "application/yaml" if isinstance(self.body, str) else "application/json"


def not_found() -> ApiError:
    return ApiError(404, "The resource you requested could not be found.")


def invalid(message: str) -> ApiError:
    """What DOKS says about a request that it understands and does not accept."""
    return ApiError(422, f"validation error: {message}")


def paged(key: str, objects: list[dict[str, Any]], query: Mapping[str, Any], url: str) -> Answer:
    """A page of a list, with `links` and `meta`."""
    size, page = query["per_page"], query["page"]
    others = _others(page, max(1, -(-len(objects) // size)))
    pages = {name: f"{url}?page={number}&per_page={size}" for name, number in others.items()}
    body: dict[str, Any] = {
        key: objects[(page - 1) * size : page * size],
        "links": {"pages": pages} if pages else {},
        "meta": {"total": len(objects)},
    }
    return Answer(200, body)


def _others(page: int, last: int) -> dict[str, int]:
    """The pages before and after one, which a page between them names both."""
    before = {"first": 1, "prev": page - 1} if page > 1 else {}
    return before | ({"next": page + 1, "last": last} if page < last else {})
