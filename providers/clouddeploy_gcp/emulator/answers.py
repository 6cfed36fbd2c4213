"""Requests and answers as Google's APIs write them: https://cloud.google.com/apis/design/errors"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Json = dict[str, Any]

_HTTP = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
}
_REASONS = {"INVALID_ARGUMENT": "invalid", "NOT_FOUND": "notFound", "PERMISSION_DENIED": "forbidden"}
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_BAD = "type.googleapis.com/google.rpc.BadRequest"


class ApiError(Exception):
    """An error answer: its status word, its text, the ErrorInfo's reason and metadata.

    `violations` are the fields that are wrong, empty for the whole, each with what is said about it.
    """

    def __init__(
        self,
        status: str,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason
        self.metadata = metadata or {}
        self.violations = violations

    @property
    def code(self) -> int:
        """The HTTP status."""
        return _HTTP[self.status]

    def body(self) -> Json:
        """The JSON of the answer."""
        error: Json = {"code": self.code, "message": self.message, "status": self.status}
        if self.reason:
            info = {"@type": _INFO, "reason": self.reason, "domain": "googleapis.com"}
            error["details"] = [{**info, "metadata": dict(self.metadata)}]
        if self.violations:
            listed = [
                {**({"field": where} if where else {}), "description": text}
                for where, text in self.violations
            ]
            error["details"] = [{"@type": _BAD, "fieldViolations": listed}]
        return {"error": error}


def invalid(text: str) -> ApiError:
    """INVALID_ARGUMENT."""
    return ApiError("INVALID_ARGUMENT", text)


def not_emulated(what: str) -> ApiError:
    """UNIMPLEMENTED: the cloud has it, the emulator does not pretend to."""
    return ApiError("UNIMPLEMENTED", f"{what} is not emulated.")


class ComputeError(ApiError):
    """As Compute Engine words its own: `errors`, and no status word (googleapis/nodejs-compute#390)."""

    @classmethod
    def of(cls, error: ApiError) -> ComputeError:
        """The same in Compute Engine's form."""
        return cls(error.status, error.message)

    def body(self) -> Json:
        reason = _REASONS.get(self.status, "notImplemented")
        error = {"message": self.message, "domain": "global", "reason": reason}
        return {"error": {"code": self.code, "message": self.message, "errors": [error]}}


@dataclass(frozen=True)
class Request:
    """One request; `query` has every value of each key, and names as `queries.checked` leaves them."""

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def read(cls, environ: WSGIEnvironment) -> Request:
        """From WSGI; header names in lower case."""
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_") or name == "CONTENT_TYPE"
        }
        length = int(environ.get("CONTENT_LENGTH") or 0)
        query = parse_qs(str(environ.get("QUERY_STRING", "")), keep_blank_values=True)
        body = environ["wsgi.input"].read(length) if length else b""
        path = _path(str(environ.get("REQUEST_URI") or environ["PATH_INFO"]))
        return cls(str(environ["REQUEST_METHOD"]), path, query, headers, body)

    def one(self, key: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(key, [default])[0]

    def json(self) -> Json:
        """The body; INVALID_ARGUMENT for anything but an object."""
        try:
            found = json.loads(self.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise invalid("Invalid JSON payload received. Parsing terminated.") from error
        if not isinstance(found, dict):
            raise invalid("Invalid JSON payload received. Root element must be a message.")
        return found

    @property
    def numbers(self) -> bool:
        """Whether enums are wanted as numbers."""
        return "enum-encoding=int" in self.one("alt")


def _path(uri: str) -> str:
    """The path of a request line: escapes are read, but an escaped slash stays (google.api.http)."""
    path = urlsplit(uri).path if "://" in uri else uri.partition("?")[0]
    return "".join(one if one.lower() == "%2f" else unquote(one) for one in re.split("(%2[Ff])", path))


def no_route(request: Request) -> ApiError:
    """What Google says about a URL that no API has."""
    return ApiError("NOT_FOUND", f"The requested URL {request.path} was not found on this server.")
