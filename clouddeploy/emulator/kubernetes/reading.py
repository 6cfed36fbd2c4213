"""List and watch: selectors, pages, streams."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from clouddeploy.emulator.kubernetes import status
from clouddeploy.emulator.kubernetes.request import Place, Request
from clouddeploy.emulator.kubernetes.resources import Resource
from clouddeploy.emulator.kubernetes.selectors import Matches, field_selector, label_selector
from clouddeploy.emulator.kubernetes.store import Change, Store

Json = dict[str, Any]

_PULSE = 1.0  # seconds between looks at whether the watcher is still there
_BOOKMARK = 30.0  # seconds


def selected(request: Request, place: Place) -> Matches:
    """The predicate of a list, watch or deletecollection."""
    labels = label_selector(request.query.get("labelSelector", ""))
    fields = field_selector(request.query.get("fieldSelector", ""), place.resource.kind)

    def matches(obj: Mapping[str, Any]) -> bool:
        here = not place.namespace or obj["metadata"].get("namespace") == place.namespace
        return here and labels(obj) and fields(obj)

    return matches


def list_objects(store: Store, request: Request, place: Place) -> Json:
    """A list object, in pages when the request has a limit."""
    matches = selected(request, place)
    with store.lock:
        items = [obj for obj in store.all(place.resource, place.namespace) if matches(obj)]
        metadata: Json = {"resourceVersion": str(store.revision)}
    start = _read_token(request.query.get("continue", ""))
    limit = int(request.query.get("limit") or 0) or len(items)
    page = items[start : start + limit]
    if len(items) > start + limit:
        metadata |= {"continue": _token(start + limit), "remainingItemCount": len(items) - start - limit}
    return _list(place.resource, metadata, page)


def _list(resource: Resource, metadata: Json, items: list[Json]) -> Json:
    bare = [{k: v for k, v in item.items() if k not in ("kind", "apiVersion")} for item in items]
    head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
    return {**head, "metadata": metadata, "items": bare}


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"v": "meta.k8s.io/v1", "start": start}).encode()).decode()


def _read_token(text: str) -> int:
    try:
        return int(json.loads(base64.urlsafe_b64decode(text))["start"]) if text else 0
    except (ValueError, KeyError, TypeError) as error:
        raise status.bad_request(f"invalid continue token: {error}") from error


def watch_objects(store: Store, request: Request, place: Place) -> Iterator[bytes]:
    """The stream of a watch, one JSON object a line.

    Without a resourceVersion (or with 0) it starts with an ADDED event for every object there is.
    A blank now and then finds out whether the other side has gone; JSON readers skip it.
    """
    matches = selected(request, place)
    version = request.query.get("resourceVersion", "")
    with store.lock:
        seen = int(version) if version not in ("", "0") else store.revision
        first = [] if version not in ("", "0") else store.all(place.resource, place.namespace)
        if version not in ("", "0"):
            store.changes(place.resource, seen, 0)
    lines = (_line("ADDED", obj) for obj in first if matches(obj))
    return _stream(store, request, place, (matches, seen), lines)


def _stream(
    store: Store, request: Request, place: Place, state: tuple[Matches, int], lines: Iterator[bytes]
) -> Iterator[bytes]:
    matches, seen = state
    yield b" "  # sends the headers off
    yield from lines
    end = time.monotonic() + float(request.query.get("timeoutSeconds") or 1800)
    bookmarks = request.query.get("allowWatchBookmarks", "").lower() in ("1", "true")
    marked = time.monotonic()
    while not store.closed and (left := end - time.monotonic()) > 0:
        try:
            changes, seen = store.changes(place.resource, seen, min(_PULSE, left))
        except status.ApiError as error:
            yield _line("ERROR", error.body())
            return
        found = [line for change in changes if (line := _event(change, matches))]
        yield from found or [b" "]
        if bookmarks and time.monotonic() - marked > _BOOKMARK:
            yield _bookmark(place.resource, seen)
            marked = time.monotonic()
    if bookmarks and not store.closed:
        yield _bookmark(place.resource, seen)


def _event(change: Change, matches: Matches) -> bytes | None:
    """A change as a watcher with this selector sees it."""
    was = change.before is not None and matches(change.before)
    is_ = change.after is not None and matches(change.after)
    if is_:
        return _line("MODIFIED" if was else "ADDED", change.last)
    return _line("DELETED", change.last) if was else None


def _bookmark(resource: Resource, revision: int) -> bytes:
    metadata = {"resourceVersion": str(revision), "creationTimestamp": None}
    return _line(
        "BOOKMARK", {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
    )


def _line(kind: str, obj: Mapping[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": obj}, separators=(",", ":")).encode() + b"\n"
