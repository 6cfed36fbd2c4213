"""One request as the services see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from clouddeploy_digitalocean.emulator.answers import ApiError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


@dataclass(frozen=True)
class Request:
    """`names` are the path's parameters, `url` is without the query, `body` is {} for none."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    names: Mapping[str, str]
    url: str


def read_body(environ: WSGIEnvironment) -> Mapping[str, Any]:
    """The JSON object of a request; 400 for anything else."""
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError(400, "error parsing request body")
    return body


def read_query(environ: WSGIEnvironment) -> dict[str, str]:
    return dict(parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True))
