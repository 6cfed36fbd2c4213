"""Volume claims: bound by the driver of their class, kept while a pod uses them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.claims import IN_USE, asked
from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.replicasets import alive
from clouddeploy.emulator.kubernetes.player.volumes import Volumes
from clouddeploy.emulator.kubernetes.player.world import World, ending
from clouddeploy.emulator.kubernetes.resources import BY_ID
from clouddeploy.emulator.kubernetes.storage import Storage
from clouddeploy.emulator.kubernetes.validation.quantities import amount

Json = dict[str, Any]
_CLAIMS = "persistentvolumeclaims"
_CLASSES = BY_ID["storageclasses.storage.k8s.io"]


class Claims:
    """Without a driver for its class, or below the driver's least, a claim waits.

    A volume is only a name, where the cloud keeps no disks.
    """

    def __init__(self, world: World, storage: Storage) -> None:
        self._world = world
        self._storage = storage
        self._volumes = Volumes(world, storage.disks) if storage.disks else None

    def furnish(self) -> None:
        """Make the classes that a fresh cluster has."""
        for each in self._storage.classes:
            self._world.create(_CLASSES.id, each.manifest())

    def reconcile(self) -> None:
        mounted = [set(claims_of(pod)) for pod in self._world.all("pods") if not _over(pod)]
        wanted: set[tuple[str, str]] = set().union(*mounted)
        for claim in self._world.all(_CLAIMS):
            if ending(claim):
                self._let_go(claim, used=_place(claim) in wanted)
            elif (claim.get("status") or {}).get("phase") != "Bound":
                together = set().union(*(each for each in mounted if _place(claim) in each))
                self._bind(claim, together)
            else:
                self._grow(claim)
        if self._volumes:
            self._volumes.settle(self._world.all(_CLAIMS), wanted)

    def _let_go(self, claim: Json, *, used: bool) -> None:
        finalizers = claim["metadata"].get("finalizers") or []
        if IN_USE in finalizers and not used:
            left = [each for each in finalizers if each != IN_USE]
            self._world.patch(_CLAIMS, claim, {"metadata": {"finalizers": left or None}})

    def _bind(self, claim: Json, together: Collection[tuple[str, str]]) -> None:
        """`together` are the claims of the pods that use this one, itself among them; none when none does."""
        found = self._class(claim)
        least = self._storage.drivers.get(found.get("provisioner", ""))
        if least is None or asked(claim) < least * 2**30:
            return
        if not together and found.get("volumeBindingMode") != "Immediate":
            return
        if self._volumes is None or self._volumes.make(claim, found, together):
            capacity = claim["spec"]["resources"]["requests"]
            status = {"phase": "Bound", "accessModes": claim["spec"]["accessModes"], "capacity": capacity}
            self._world.set_status(_CLAIMS, claim, status)

    def _grow(self, claim: Json) -> None:
        """The driver makes the disk and the file system as large as the claim asks for."""
        has = (claim["status"].get("capacity") or {}).get("storage", "0")
        if asked(claim) > amount(has):
            capacity = claim["spec"]["resources"]["requests"]
            self._world.set_status(_CLAIMS, claim, {**claim["status"], "capacity": capacity})

    def _class(self, claim: Json) -> Json:
        """The claim's class; {} when there is none."""
        name = claim["spec"].get("storageClassName")
        try:
            return self._world.client.get(_CLASSES, "", name) if name else {}
        except RefusedError as error:
            if error.code != 404:
                raise
            return {}


def unbound(pod: Json, claims: Mapping[tuple[str, str], Json]) -> str | None:
    """Why a pod must wait for its claims, in the scheduler's words; None when it need not."""
    for place in claims_of(pod):
        claim = claims.get(place)
        if claim is None:
            return f'persistentvolumeclaim "{place[1]}" not found'
        if ending(claim):
            return f'persistentvolumeclaim "{place[1]}" is being deleted'
        if (claim.get("status") or {}).get("phase") != "Bound":
            return "pod has unbound immediate PersistentVolumeClaims"
    return None


def claims_of(pod: Json) -> list[tuple[str, str]]:
    """The claims that a pod mounts, by namespace and name."""
    mounted = [each.get("persistentVolumeClaim") or {} for each in pod["spec"].get("volumes") or []]
    return [(pod["metadata"]["namespace"], each["claimName"]) for each in mounted if each]


def by_place(claims: list[Json]) -> Mapping[tuple[str, str], Json]:
    """Claims by namespace and name."""
    return {_place(each): each for each in claims}


def _place(claim: Json) -> tuple[str, str]:
    return claim["metadata"]["namespace"], claim["metadata"]["name"]


def _over(pod: Json) -> bool:
    """Whether a pod needs its volumes no more; one that is ending still does."""
    return not alive(pod) and not ending(pod)
