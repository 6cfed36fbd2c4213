"""Lists that a registry gives page by page: tags, repositories, referrers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from clouddeploy.oci.failures import garbage
from clouddeploy.oci.session import Session
from clouddeploy.oci.transport import Request, Response
from clouddeploy.oci.urls import resolve_page

_LARGEST_PAGE = 8 * 1024 * 1024
_MOST_PAGES = 1000


def read_pages(session: Session, path: str, what: str, scope: str, key: str) -> Iterator[Any]:
    """The entries of the lists called `key` on all pages; raises for a list that does not end."""
    url: str | None = session.url(path)
    seen: set[str] = set()
    while url is not None:
        if url in seen or len(seen) == _MOST_PAGES:
            raise garbage(session.home.name, what, "the list does not end")
        seen.add(url)
        response, body = session.fetch(Request("GET", url, what, scope, repeatable=True), _LARGEST_PAGE)
        yield from _entries(response, body, what, key)
        url = _next(session, response, url)


def _entries(response: Response, body: bytes, what: str, key: str) -> list[Any]:
    try:
        found = json.loads(body)[key] or []
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise garbage(response.origin.name, what, f"there is no list of {key} in its answer") from error
    if not isinstance(found, list):
        raise garbage(response.origin.name, what, f"there is no list of {key} in its answer")
    return found


def _next(session: Session, response: Response, url: str) -> str | None:
    link = response.headers.get("Link", "")
    target, _, rest = link.partition(">")
    if not target.startswith("<") or "next" not in rest:
        return None
    return resolve_page(session.home, url, target[1:])
