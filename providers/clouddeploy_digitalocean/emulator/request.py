"""One request as the services see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


@dataclass(frozen=True)
class Request:
    """`names` are the path's parameters, `url` is without the query; query and body are as described."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    names: Mapping[str, str]
    url: str


def read_body(environ: WSGIEnvironment) -> Any:
    """What a request sends, {} for nothing and None for what is no JSON."""
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if not raw:
        return {}
    try:
        return json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> None:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(name)


def read_query(environ: WSGIEnvironment) -> dict[str, str]:
    return dict(parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True))
