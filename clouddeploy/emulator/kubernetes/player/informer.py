"""A cache of one resource, kept by list and watch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from urllib3.exceptions import HTTPError

from clouddeploy.emulator.kubernetes.player.client import Client, RefusedError, Watch
from clouddeploy.emulator.kubernetes.resources import Resource

Json = dict[str, Any]
_PAUSE = 0.2  # seconds before another try


class Informer:
    """Keeps what it has seen, and what its owner has just written; calls `changed` after each change."""

    def __init__(self, client: Client, resource: Resource, changed: Callable[[], None]) -> None:
        self.resource = resource
        self.synced = threading.Event()
        self._client = client
        self._changed = changed
        self._lock = threading.Lock()
        self._objects: dict[str, Json] = {}
        self._gone: dict[str, None] = {}
        self._watch: Watch | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {resource.id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def objects(self) -> list[Json]:
        """A snapshot, oldest first."""
        with self._lock:
            return list(self._objects.values())

    def learn(self, obj: Json) -> None:
        """Take in an object unless a later state of it is known; ask nobody."""
        uid = obj["metadata"]["uid"]
        with self._lock:
            known = self._objects.get(uid)
            if uid not in self._gone and (known is None or _version(known) <= _version(obj)):
                self._objects[uid] = obj

    def forget(self, obj: Json) -> None:
        """An object is gone for good: a late event cannot bring it back."""
        with self._lock:
            self._gone[obj["metadata"]["uid"]] = None
            self._objects.pop(obj["metadata"]["uid"], None)

    def stop(self) -> None:
        self._stop.set()
        if self._watch:
            self._watch.close()

    def join(self) -> None:
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow(self._list())
            except (RefusedError, HTTPError, OSError, ValueError):
                self._stop.wait(_PAUSE)

    def _list(self) -> str:
        found = self._client.list(self.resource)
        head = {"kind": self.resource.kind, "apiVersion": self.resource.api_version}
        items = [{**head, **item} for item in found["items"]]
        with self._lock:
            self._objects = {item["metadata"]["uid"]: item for item in items}
        self.synced.set()
        self._changed()
        return str(found["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> None:
        self._watch = self._client.watch(self.resource, version)
        if self._stop.is_set():
            self._watch.close()
        for kind, obj in self._watch:
            if kind == "ERROR":
                return
            if kind == "DELETED":
                self.forget(obj)
            elif kind != "BOOKMARK":
                self.learn(obj)
            if kind != "BOOKMARK":
                self._changed()


def _version(obj: Json) -> int:
    return int(obj["metadata"]["resourceVersion"])
