"""What the controllers see, and how they act on it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from clouddeploy.emulator.kubernetes.player.client import Client, RefusedError
from clouddeploy.emulator.kubernetes.player.informer import Informer
from clouddeploy.emulator.kubernetes.resources import BY_ID, Resource

Json = dict[str, Any]
ImageCheck = Callable[[str], str | None]


class World:
    """Caches of the watched resources, a client, and timers.

    What is written here is in the cache at once, so that no controller does a thing twice.
    A lost race (409) or a vanished object (404) is left to the next pass.
    """

    def __init__(self, client: Client, informers: Mapping[str, Informer]) -> None:
        self.client = client
        self._informers = informers
        self.check_image: ImageCheck = lambda _image: None
        self.nodes: Sequence[str] = ()
        self.node_zones: Mapping[str, str] = {}
        self.volume_zones: dict[tuple[str, str], str] = {}
        """The zones of disks, by their claim's namespace and name."""
        self._timers: dict[tuple[str, str], float] = {}
        self._wake: float | None = None

    def all(self, plural: str) -> list[Json]:
        """The cached objects of a watched resource such as "pods" or "deployments.apps"."""
        return self._informers[plural].objects()

    def owned(self, plural: str) -> Mapping[str, list[Json]]:
        """The cached objects of a resource by their controller's uid."""
        found: dict[str, list[Json]] = defaultdict(list)
        for obj in self.all(plural):
            if uid := controller_of(obj):
                found[uid].append(obj)
        return found

    def create(self, plural: str, obj: Json) -> Json | None:
        """None when it is there already."""
        try:
            return self._learned(plural, self.client.create(BY_ID[plural], obj))
        except RefusedError as error:
            if error.code != 409:
                raise
            return None

    def patch(self, plural: str, obj: Json, change: Json, part: str = "") -> None:
        """Merge-patch an object, if it is still the one we know."""
        version = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        change = {**change, "metadata": {**change.get("metadata", {}), **version}}
        try:
            self._learned(plural, self.client.patch(BY_ID[plural], obj, change, part))
        except RefusedError as error:
            self._pardon(error)

    def set_status(self, plural: str, obj: Json, status: Json) -> None:
        """Write the status when it is another."""
        if obj.get("status") != status:
            self.replace(plural, {**obj, "status": status}, "status")

    def replace(self, plural: str, obj: Json, part: str = "") -> None:
        try:
            self._learned(plural, self.client.replace(BY_ID[plural], obj, part))
        except RefusedError as error:
            self._pardon(error)

    def delete(self, plural: str, obj: Json, **options: Any) -> None:
        self.remove(BY_ID[plural], obj, **options)

    def remove(self, resource: Resource, obj: Json, **options: Any) -> None:
        """Delete an object of any resource, watched or not."""
        try:
            answer = self.client.delete(resource, obj, **options)
        except RefusedError as error:
            self._pardon(error)
            return
        if informer := self._informers.get(resource.id):
            if answer.get("kind") == "Status" or not answer["metadata"].get("deletionTimestamp"):
                informer.forget(obj)
            else:
                informer.learn(answer)

    def refresh(self, plural: str, obj: Json) -> None:
        """Read an object anew."""
        metadata = obj["metadata"]
        try:
            found = self.client.get(BY_ID[plural], metadata.get("namespace", ""), metadata["name"])
            self._learned(plural, found)
        except RefusedError as error:
            self._pardon(error)

    def forget_timers(self, obj: Json, *names: str) -> None:
        """Let the next `due` of these begin anew."""
        for name in names:
            self._timers.pop((obj["metadata"]["uid"], name), None)

    def due(self, obj: Json, what: str, seconds: float) -> bool:
        """Whether `seconds` have passed since this was first asked; else there will be a pass by then."""
        key = (obj["metadata"]["uid"], what)
        start = self._timers.setdefault(key, time.monotonic())
        left = start + seconds - time.monotonic()
        if left > 0:
            self.again(left)
        return left <= 0

    def again(self, seconds: float) -> None:
        """Ask for another pass at the latest in `seconds`."""
        at = time.monotonic() + seconds
        self._wake = at if self._wake is None else min(self._wake, at)

    def take_wake(self) -> float | None:
        """The seconds until the next pass that somebody asked for; the wish is used up."""
        at, self._wake = self._wake, None
        return None if at is None else max(0.0, at - time.monotonic())

    def _learned(self, plural: str, obj: Json) -> Json:
        if plural in self._informers:
            self._informers[plural].learn(obj)
        return obj

    def _pardon(self, error: RefusedError) -> None:
        if error.code not in (404, 409):
            raise error
        self.again(0.02)


def controller_of(obj: Mapping[str, Any]) -> str | None:
    """The uid of the owner that manages an object."""
    owners = obj["metadata"].get("ownerReferences") or []
    return next((owner["uid"] for owner in owners if owner.get("controller")), None)


def owner_reference(obj: Mapping[str, Any], *, block: bool = True) -> Json:
    """The ownerReference of a controller to what it makes."""
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": block,
    }


def timestamp() -> str:
    """The time as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(text: str) -> float:
    """Seconds since a timestamp."""
    return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()


def ending(obj: Mapping[str, Any]) -> bool:
    """Whether an object is being deleted."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def condition(obj: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """A condition of an object's status, {} when it has none of this type."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((found for found in conditions if found["type"] == kind), {})


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod may get traffic."""
    return condition(pod, "Ready").get("status") == "True" and not ending(pod)
