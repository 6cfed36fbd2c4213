"""Lists that come in pages; the token of a page is where it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from clouddeploy_gcp.emulator.answers import ApiError, ComputeError, Request, invalid

Item = TypeVar("Item")

_LARGEST = 1000
"""Artifact Registry cuts what is larger: the discovery document, at `pageSize`."""

_COMPUTES_LARGEST = 500
"""Compute Engine takes nothing larger: the discovery document, at `maxResults`."""

_LONGEST = 18  # digits of a token


def page(items: Sequence[Item], request: Request) -> tuple[Sequence[Item], dict[str, str]]:
    """One page as `pageSize` and `pageToken` want it, and the token of the next; texts UNVERIFIED."""
    size = int(request.one("pageSize") or 0)
    if size < 0:
        raise invalid("page_size must not be negative")
    return _cut(items, request, min(size or _LARGEST, _LARGEST), invalid)


def compute_page(items: Sequence[Item], request: Request) -> tuple[Sequence[Item], dict[str, str]]:
    """As `page`, for Compute Engine's `maxResults`; texts UNVERIFIED."""
    size = int(request.one("maxResults") or _COMPUTES_LARGEST)
    if size > _COMPUTES_LARGEST:
        raise _refused(f"Invalid value for field 'maxResults': '{size}'. Must be between 0 and 500.")
    return _cut(items, request, size or _COMPUTES_LARGEST, _refused)


def _cut(
    items: Sequence[Item], request: Request, size: int, refuse: Callable[[str], ApiError]
) -> tuple[Sequence[Item], dict[str, str]]:
    token = request.one("pageToken") or "0"
    if not token.isdecimal() or len(token) > _LONGEST:
        raise refuse(f"Invalid value for field 'pageToken': '{token}'.")
    end = int(token) + size
    return items[int(token) : end], {"nextPageToken": str(end)} if end < len(items) else {}


def _refused(text: str) -> ApiError:
    return ComputeError("INVALID_ARGUMENT", text)
