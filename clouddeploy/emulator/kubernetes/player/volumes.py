"""Volumes: made for a claim in the cloud, and given back when the claim is gone.

As the external provisioner and the persistent volume controller do it:
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#lifecycle-of-a-volume-and-claim
"""

from __future__ import annotations

import math
from typing import Any

from clouddeploy.emulator.attached import Attached, Claim
from clouddeploy.emulator.kubernetes.claims import asked
from clouddeploy.emulator.kubernetes.player.world import World

Json = dict[str, Any]

VOLUMES = "persistentvolumes"
_MADE_BY = "pv.kubernetes.io/provisioned-by"


class Volumes:
    """The disks behind the claims of one cluster."""

    def __init__(self, world: World, attached: Attached) -> None:
        self._world = world
        self._attached = attached

    def provide(self, claim: Json, storage_class: Json) -> str:
        """Make the disk and the volume that stands for it; the volume's name."""
        wanted = _claim(claim, storage_class)
        handle = self._attached.provide(wanted)
        self._world.create(VOLUMES, _volume(claim, storage_class, wanted, handle))
        return wanted.volume

    def grow(self, claim: Json, storage_class: Json) -> None:
        """Let the disk be as large as the claim asks for."""
        wanted = _claim(claim, storage_class)
        self._attached.provide(wanted)
        for volume in self._world.all(VOLUMES):
            if volume["metadata"]["name"] == wanted.volume:
                self._world.patch(VOLUMES, volume, {"spec": {"capacity": _requests(claim)}})

    def reconcile(self) -> None:
        """Give back what no claim has any more, or keep it where its class says so."""
        claims = {each["metadata"]["uid"] for each in self._world.all("persistentvolumeclaims")}
        for volume in self._world.all(VOLUMES):
            if _MADE_BY not in (volume["metadata"].get("annotations") or {}):
                continue
            uid = volume["spec"]["claimRef"]["uid"]
            if uid in claims:
                self._world.set_status(VOLUMES, volume, {"phase": "Bound"})
            elif volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain":
                self._world.set_status(VOLUMES, volume, {"phase": "Released"})
            else:
                self._withdraw(volume, uid)

    def _withdraw(self, volume: Json, uid: str) -> None:
        self._attached.withdraw(uid)
        if volume["metadata"].get("finalizers"):
            self._world.patch(VOLUMES, volume, {"metadata": {"finalizers": None}})
        else:
            self._world.delete(VOLUMES, volume)


def _claim(claim: Json, storage_class: Json) -> Claim:
    metadata = claim["metadata"]
    return Claim(
        uid=metadata["uid"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        gib=math.ceil(asked(claim) / 2**30),
        parameters=storage_class.get("parameters") or {},
    )


def _volume(claim: Json, storage_class: Json, wanted: Claim, handle: str) -> Json:
    driver = storage_class["provisioner"]
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "uid": wanted.uid}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": wanted.volume, "annotations": {_MADE_BY: driver}},
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": _requests(claim),
            "claimRef": {**reference, "namespace": wanted.namespace, "name": wanted.name},
            # A class may name a driver as Kubernetes did before CSI: kubernetes.io/gce-pd.
            "csi": {"driver": driver.rpartition("/")[2], "volumeHandle": handle},
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
            "storageClassName": storage_class["metadata"]["name"],
        },
    }


def _requests(claim: Json) -> Json:
    return {"storage": claim["spec"]["resources"]["requests"]["storage"]}
