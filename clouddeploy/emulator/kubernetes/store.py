"""Where the small API server keeps its objects, and the history that watches read."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clouddeploy.emulator.kubernetes.resources import Resource
from clouddeploy.emulator.kubernetes.status import too_old

Json = dict[str, Any]
_HISTORY = 4096  # changes; whoever watches from further back gets 410 and lists again


@dataclass(frozen=True)
class Change:
    """One write; `before` is None for a new object, `after` None for one that is gone."""

    revision: int
    resource: Resource
    before: Json | None
    after: Json | None

    @property
    def last(self) -> Json:
        """The object as a watch shows it: its last state when it is gone."""
        obj = self.after or self.before or {}
        return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}


class Store:
    """Objects by resource, namespace and name; every write gets the next revision.

    `lock` is held for a whole request that writes. Stored objects are never changed in place.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._changed: dict[str, threading.Condition] = {}
        self._objects: dict[str, dict[tuple[str, str], Json]] = {}
        self._history: deque[Change] = deque(maxlen=_HISTORY)
        self.revision = 1
        self.closed = False

    def get(self, resource: Resource, namespace: str, name: str) -> Json | None:
        with self.lock:
            return self._objects.get(resource.id, {}).get((namespace, name))

    def all(self, resource: Resource, namespace: str = "") -> list[Json]:
        """All objects, or those of one namespace, in the order of namespace and name."""
        with self.lock:
            items = sorted(self._objects.get(resource.id, {}).items())
        return [obj for (place, _), obj in items if not namespace or place == namespace]

    def put(self, resource: Resource, obj: Json) -> Json:
        """Write an object; returns it with its resourceVersion."""
        with self.lock:
            metadata = {**obj["metadata"], "resourceVersion": str(self.revision + 1)}
            key = (metadata.get("namespace", ""), metadata["name"])
            table = self._objects.setdefault(resource.id, {})
            written = {**obj, "metadata": metadata}
            self._append(resource, table.get(key), written)
            table[key] = written
            return written

    def remove(self, resource: Resource, obj: Json) -> None:
        with self.lock:
            metadata = obj["metadata"]
            before = self._objects[resource.id].pop((metadata.get("namespace", ""), metadata["name"]))
            self._append(resource, before, None)

    def changes(self, resource: Resource, after: int, timeout: float) -> tuple[list[Change], int]:
        """The changes of a resource since a revision, and the revision they reach up to.

        Waits up to `timeout` seconds for one. Raises ApiError 410 when the history does not
        reach back that far.
        """
        end = time.monotonic() + timeout
        with self.lock:
            changed = self._changed.setdefault(resource.id, threading.Condition(self.lock))
            while True:
                found = list(self._since(resource, after))
                left = end - time.monotonic()
                if found or left <= 0 or self.closed:
                    return found, self.revision
                changed.wait(left)

    def close(self) -> None:
        """Wake everybody who waits for a change, for good."""
        with self.lock:
            self.closed = True
            for changed in self._changed.values():
                changed.notify_all()

    def _since(self, resource: Resource, after: int) -> Iterator[Change]:
        if len(self._history) == _HISTORY and after < self._history[0].revision - 1:
            raise too_old(after, self._history[0].revision - 1)
        recent = itertools.takewhile(lambda change: change.revision > after, reversed(self._history))
        return (change for change in reversed(list(recent)) if change.resource is resource)

    def _append(self, resource: Resource, before: Json | None, after: Json | None) -> None:
        self.revision += 1
        self._history.append(Change(self.revision, resource, before, after))
        if changed := self._changed.get(resource.id):
            changed.notify_all()
