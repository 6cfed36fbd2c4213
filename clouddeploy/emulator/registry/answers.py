"""Refusals and answers in the specification's form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response


class Refusal(Exception):  # noqa: N818 - a registry's answer, not a failure of ours
    """An error answer: HTTP status, error code and message of the specification's table."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None, **detail: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.detail = detail

    def response(self) -> Response:
        """The JSON error document."""
        error = {"code": self.code, "message": self.message, "detail": self.detail}
        return answer_json({"errors": [error]}, self.status, self.headers)


def answer_json(
    document: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """A JSON document; UTF-8, and ends with a newline for the sake of terminals."""
    body = json.dumps(document, ensure_ascii=False) + "\n"
    return Response(body, status, dict(headers or {}), content_type=media_type)


def answer_empty(status: int, headers: Mapping[str, str]) -> Response:
    """Headers only; a Content-Length among them stays, as HEAD needs it."""
    return Response(None, status, dict(headers))


def answer_page(request: Request, path: str, key: str, names: Sequence[str], **more: str) -> Response:
    """One page of a sorted list: `n` names after `last`, and where the next page is."""
    last = request.args.get("last", "")
    found = [name for name in names if name > last]
    page = found[: _page_size(request, len(found))]
    headers = {}
    if page and len(page) < len(found):
        query = urlencode({"n": len(page), "last": page[-1]})
        headers["Link"] = f'<{path}?{query}>; rel="next"'
    return answer_json({**more, key: page}, headers=headers)


def digest_invalid(message: str) -> Refusal:
    return Refusal(400, "DIGEST_INVALID", message)


def unknown_blob(digest: str) -> Refusal:
    return Refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", digest=digest)


def unknown_manifest(reference: str) -> Refusal:
    return Refusal(404, "MANIFEST_UNKNOWN", f"manifest {reference} unknown", reference=reference)


def _page_size(request: Request, whole: int) -> int:
    text = request.args.get("n", str(whole))
    if not text.isascii() or not text.isdigit():
        raise Refusal(400, "UNSUPPORTED", "n is not a number")
    return int(text)
