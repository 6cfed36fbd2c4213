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
from clouddeploy.emulator.machines import ZONE

Json = dict[str, Any]
VOLUMES = "persistentvolumes"
_CLAIMS = "persistentvolumeclaims"
Place = tuple[str, str]
"""Namespace and name of a claim."""


@dataclass(frozen=True)
class _Made:
    volume: Volume
    attached: bool
    retained: bool


class Volumes:
    """Disks by the uid of their claim, and the PersistentVolume that stands for each."""

    def __init__(self, world: World, disks: Disks) -> None:
        self._world = world
        self._disks = disks
        self._made: dict[str, _Made] = {}

    def make(self, claim: Json, storage_class: Json, together: Collection[Place]) -> None:
        """Make the disk of a claim; `together` are the claims of the pods that use this one.

        A class that waits for its pod makes the disk in the zone of the node that the pod comes to. One that
        does not takes the zones in turn, which stands for the choice at random that the external provisioner
        makes, whatever the pod needs. Where the driver or the cloud refuses, the claim waits.
        """
        if claim["metadata"]["uid"] not in self._made and not self._make(claim, storage_class, together):
            return
        volume = self._made[claim["metadata"]["uid"]].volume
        self._world.patch(_CLAIMS, claim, {"spec": {"volumeName": volume.name}})

    def _make(self, claim: Json, storage_class: Json, together: Collection[Place]) -> bool:
        immediate = storage_class.get("volumeBindingMode") == "Immediate"
        zone = self._next_zone() if immediate else self._zone_of_pod(together)
        if zone is None:
            return False
        metadata, parameters = claim["metadata"], storage_class.get("parameters") or {}
        place = (metadata["namespace"], metadata["name"])
        volume = Volume(metadata["uid"], *place, _gib(claim), zone, parameters)
        disk = self._disks.keep(volume, attached=False)
        if disk is None:
            return False
        self._world.create(VOLUMES, _persistent(volume, claim, storage_class, disk))
        retained = storage_class.get("reclaimPolicy") == "Retain"
        self._made[volume.uid] = _Made(volume, attached=False, retained=retained)
        self._world.volume_zones[place] = zone
        return True

    def settle(self, claims: Sequence[Json], wanted: Collection[Place]) -> None:
        """Disks grow with their claims, are attached while pods use them, and go with their claims."""
        there = {each["metadata"]["uid"]: each for each in claims}
        objects = {each["metadata"]["name"]: each for each in self._world.all(VOLUMES)}
        for uid, made in list(self._made.items()):
            shown = objects.get(made.volume.name)
            if uid in there:
                self._keep(there[uid], made, wanted)
                self._show(shown, "Bound", there[uid])
            elif made.retained:
                self._disks.keep(made.volume, attached=False)
                self._show(shown, "Released")
                self._forget(made)
            else:
                self._disks.drop(uid)
                if self._removed(shown):
                    self._forget(made)

    def detach(self) -> None:
        """Let every disk go."""
        for made in self._made.values():
            self._disks.keep(made.volume, attached=False)

    def _keep(self, claim: Json, made: _Made, wanted: Collection[Place]) -> None:
        place = (made.volume.namespace, made.volume.claim)
        volume = replace(made.volume, gib=max(made.volume.gib, _gib(claim)))
        now = replace(made, volume=volume, attached=place in wanted)
        if now != made and self._disks.keep(now.volume, attached=now.attached):
            self._made[volume.uid] = now

    def _show(self, shown: Json | None, phase: str, claim: Json | None = None) -> None:
        if shown is None:
            return
        if claim and shown["spec"]["capacity"] != _capacity(claim):
            self._world.patch(VOLUMES, shown, {"spec": {"capacity": _capacity(claim)}})
        else:
            self._world.set_status(VOLUMES, shown, {**(shown.get("status") or {}), "phase": phase})

    def _removed(self, shown: Json | None) -> bool:
        """The disk goes first, its object last; the API holds that with a finalizer of its own."""
        if shown is None:
            return True
        if shown["metadata"].get("finalizers"):
            self._world.patch(VOLUMES, shown, {"metadata": {"finalizers": None}})
        else:
            self._world.delete(VOLUMES, shown)
        return False

    def _forget(self, made: _Made) -> None:
        del self._made[made.volume.uid]
        self._world.volume_zones.pop((made.volume.namespace, made.volume.claim), None)

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


def _capacity(claim: Json) -> Json:
    return {"storage": claim["spec"]["resources"]["requests"]["storage"]}


def _persistent(volume: Volume, claim: Json, storage_class: Json, disk: str) -> Json:
    """The object; https://kubernetes.io/docs/concepts/storage/persistent-volumes/"""
    driver = storage_class["provisioner"]
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "uid": volume.uid}
    spec = {
        "accessModes": claim["spec"]["accessModes"],
        "capacity": _capacity(claim),
        "claimRef": {**reference, "namespace": volume.namespace, "name": volume.claim},
        # A class may name a driver as Kubernetes did before CSI: kubernetes.io/gce-pd.
        "csi": {"driver": driver.rpartition("/")[2], "volumeHandle": disk},
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
        "storageClassName": storage_class["metadata"]["name"],
    }
    if volume.zone:
        term = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": [volume.zone]}]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
    annotations = {"pv.kubernetes.io/provisioned-by": driver}
    metadata = {"name": volume.name, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}
