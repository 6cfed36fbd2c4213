"""Events about objects, repeated ones counted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.world import World, timestamp
from clouddeploy.emulator.kubernetes.resources import BY_ID

Json = dict[str, Any]
_EVENTS = BY_ID["events"]


class Recorder:
    """Writes events in one component's name."""

    def __init__(self, world: World, component: str, host: str = "") -> None:
        self._world = world
        self._source = {"component": component} | ({"host": host} if host else {})
        self._seen: dict[tuple[str, str, str], Json] = {}

    def normal(self, obj: Mapping[str, Any], reason: str, message: str) -> None:
        self._record(obj, "Normal", reason, message)

    def warn(self, obj: Mapping[str, Any], reason: str, message: str) -> None:
        self._record(obj, "Warning", reason, message)

    def _record(self, obj: Mapping[str, Any], kind: str, reason: str, message: str) -> None:
        key = (obj["metadata"]["uid"], reason, message)
        try:
            known = self._seen.get(key)
            self._seen[key] = self._repeat(known) if known else self._new(obj, kind, reason, message)
        except RefusedError as error:
            if error.code not in (403, 404, 409):  # its namespace is on its way out
                raise

    def _new(self, obj: Mapping[str, Any], kind: str, reason: str, message: str) -> Json:
        metadata = obj["metadata"]
        names = ("name", "namespace", "uid", "resourceVersion")
        subject = {name: metadata[name] for name in names if name in metadata}
        time = timestamp()
        event = {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {
                "name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}",
                "namespace": metadata.get("namespace", "default"),
            },
            "involvedObject": {"kind": obj["kind"], "apiVersion": obj["apiVersion"], **subject},
            "type": kind,
            "reason": reason,
            "message": message,
            "source": self._source,
            "reportingComponent": self._source["component"],
            "reportingInstance": self._source.get("host", ""),
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        }
        return self._world.client.create(_EVENTS, event)

    def _repeat(self, known: Json) -> Json:
        change = {"count": known["count"] + 1, "lastTimestamp": timestamp()}
        return self._world.client.patch(_EVENTS, known, change)
