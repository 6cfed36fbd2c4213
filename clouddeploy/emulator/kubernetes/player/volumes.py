"""The disks behind bound claims, where a cloud keeps them: each is in one zone for good."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clouddeploy.emulator.kubernetes.claims import asked
from clouddeploy.emulator.kubernetes.player.world import World
from clouddeploy.emulator.kubernetes.storage import Disks, Volume

Json = dict[str, Any]
Place = tuple[str, str]
"""Namespace and name of a claim."""


@dataclass(frozen=True)
class _Made:
    volume: Volume
    attached: bool
    retained: bool


class Volumes:
    """Disks by the uid of their claim."""

    def __init__(self, world: World, disks: Disks) -> None:
        self._world = world
        self._disks = disks
        self._made: dict[str, _Made] = {}

    def make(self, claim: Json, storage_class: Json, together: Collection[Place]) -> bool:
        """Whether the claim has its disk now; `together` are the claims of the pods that use this one.

        A class that waits for its pod makes the disk in the zone of the node that the pod comes to. One that
        does not takes the zones in turn, which stands for the choice at random that the external provisioner
        makes, whatever the pod needs.
        """
        if claim["metadata"]["uid"] in self._made:
            return True
        immediate = storage_class.get("volumeBindingMode") == "Immediate"
        zone = self._next_zone() if immediate else self._zone_of_pod(together)
        if zone is None:
            return False
        metadata, parameters = claim["metadata"], storage_class.get("parameters") or {}
        place = (metadata["namespace"], metadata["name"])
        volume = Volume(metadata["uid"], *place, _gib(claim), zone, parameters)
        if not self._disks.keep(volume, attached=False):
            return False
        retained = storage_class.get("reclaimPolicy") == "Retain"
        self._made[volume.uid] = _Made(volume, attached=False, retained=retained)
        self._world.volume_zones[place] = zone
        return True

    def settle(self, claims: Sequence[Json], wanted: Collection[Place]) -> None:
        """Disks grow with their claims, are attached while pods use them, and go with their claims."""
        there = {each["metadata"]["uid"]: each for each in claims}
        for uid, made in list(self._made.items()):
            place = (made.volume.namespace, made.volume.claim)
            if uid not in there:
                self._gone(uid, made, place)
                continue
            volume = replace(made.volume, gib=max(made.volume.gib, _gib(there[uid])))
            now = replace(made, volume=volume, attached=place in wanted)
            if now != made and self._disks.keep(now.volume, attached=now.attached):
                self._made[uid] = now

    def _gone(self, uid: str, made: _Made, place: Place) -> None:
        if made.retained:
            self._disks.keep(made.volume, attached=False)
        else:
            self._disks.drop(uid)
        del self._made[uid]
        self._world.volume_zones.pop(place, None)

    def _next_zone(self) -> str | None:
        zones = sorted(set(self._world.node_zones.values()))
        return zones[len(self._made) % len(zones)] if zones else None

    def _zone_of_pod(self, together: Collection[Place]) -> str | None:
        """Where the pod's other volumes are, else where the scheduler would put it; None without a node."""
        bound = [
            self._world.volume_zones[each] for each in sorted(together) if each in self._world.volume_zones
        ]
        if bound:
            return bound[0]
        node = least_busy(self._world, self._world.nodes)
        return self._world.node_zones.get(node, "") if node else None


def least_busy(world: World, nodes: Sequence[str]) -> str | None:
    """The node with the fewest pods; None where there is no node."""
    counts = Counter(pod["spec"].get("nodeName") for pod in world.all("pods"))
    return min(nodes, key=lambda name: (counts[name], name), default=None)


def reachable(world: World, claims: Collection[Place]) -> Sequence[str]:
    """The nodes that are where all of these claims' disks are."""
    zones: Mapping[Place, str] = world.volume_zones
    needed = {zones[each] for each in claims if each in zones}
    return [name for name in world.nodes if not needed or needed == {world.node_zones.get(name, "")}]


def _gib(claim: Json) -> int:
    found: int = math.ceil(asked(claim) / 2**30)
    return found
