"""Deployment -> ReplicaSets: revisions, rolling updates, progress."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from clouddeploy.emulator.kubernetes.player.events import Recorder
from clouddeploy.emulator.kubernetes.player.progress import deployment_status, limits
from clouddeploy.emulator.kubernetes.player.world import World, ending, owner_reference

Json = dict[str, Any]

_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MOST = "deployment.kubernetes.io/max-replicas"
_SETS = "replicasets.apps"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


class Deployments:
    """Rolls every Deployment towards its template."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events = Recorder(world, "deployment-controller")

    def reconcile(self) -> None:
        sets = self._world.owned(_SETS)
        for deployment in self._world.all("deployments.apps"):
            self._one(deployment, [s for s in sets.get(deployment["metadata"]["uid"], []) if not ending(s)])

    def _one(self, deployment: Json, sets: list[Json]) -> None:
        new = next((s for s in sets if same_template(deployment, s)), None)
        old = [s for s in sets if s is not new]
        if not ending(deployment) and not deployment["spec"].get("paused"):
            new = self._current(deployment, new, old)
            if new is not None:
                self._roll(deployment, new, old)
                self._tidy(deployment, old)
        status = deployment_status(deployment, new, old, self._world)
        self._world.set_status("deployments.apps", deployment, status)

    def _current(self, deployment: Json, new: Json | None, old: Sequence[Json]) -> Json | None:
        """The ReplicaSet of the template, made when there is none, with the next revision."""
        revision = max([_revision(s) for s in old], default=0) + 1
        if new is None:
            new = self._world.create(_SETS, _replica_set(deployment, revision, _first_size(deployment, old)))
            if new is not None and new["spec"]["replicas"]:
                self._say_scaled(deployment, new, 0, new["spec"]["replicas"])
        elif _revision(new) < revision:
            self._world.patch(_SETS, new, {"metadata": {"annotations": {_REVISION: str(revision)}}})
        if new is not None:
            self._note_revision(deployment, str(max(revision, _revision(new))))
        return new

    def _note_revision(self, deployment: Json, revision: str) -> None:
        if (deployment["metadata"].get("annotations") or {}).get(_REVISION) != revision:
            change = {"metadata": {"annotations": {_REVISION: revision}}}
            self._world.patch("deployments.apps", deployment, change)

    def _roll(self, deployment: Json, new: Json, old: Sequence[Json]) -> None:
        wanted = deployment["spec"]["replicas"]
        if deployment["spec"]["strategy"]["type"] == "Recreate":
            for replica_set in old:
                self._scale(deployment, replica_set, 0)
            pods = self._world.owned("pods")
            if not any(pods.get(s["metadata"]["uid"]) for s in old):
                self._scale(deployment, new, wanted)
            return
        surge, missing = limits(deployment)
        total = sum(s["spec"]["replicas"] for s in (new, *old))
        if new["spec"]["replicas"] > wanted:
            self._scale(deployment, new, wanted)
        elif (grow := min(wanted - new["spec"]["replicas"], wanted + surge - total)) > 0:
            self._scale(deployment, new, new["spec"]["replicas"] + grow)
        else:
            self._shrink(deployment, new, old, wanted - missing)

    def _shrink(self, deployment: Json, new: Json, old: Sequence[Json], least: int) -> None:
        """Take old pods away, the unhealthy first, while `least` stay available."""
        total = sum(s["spec"]["replicas"] for s in (new, *old))
        unavailable = new["spec"]["replicas"] - _available(new)
        spare = total - least - unavailable
        for replica_set in old:
            size = replica_set["spec"]["replicas"]
            drop = min(spare, size - min(size, _available(replica_set)))
            if drop > 0:
                self._scale(deployment, replica_set, size - drop)
                return
        spare = sum(_available(s) for s in (new, *old)) - least
        for replica_set in old:
            drop = min(spare, replica_set["spec"]["replicas"])
            if drop > 0:
                self._scale(deployment, replica_set, replica_set["spec"]["replicas"] - drop)
                spare -= drop

    def _scale(self, deployment: Json, replica_set: Json, size: int) -> None:
        before = replica_set["spec"]["replicas"]
        if before == size:
            return
        self._world.patch(_SETS, replica_set, {"spec": {"replicas": size}})
        self._say_scaled(deployment, replica_set, before, size)

    def _say_scaled(self, deployment: Json, replica_set: Json, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        name = replica_set["metadata"]["name"]
        text = f"Scaled {way} replica set {name} from {before} to {after}"
        self._events.normal(deployment, "ScalingReplicaSet", text)

    def _tidy(self, deployment: Json, old: Sequence[Json]) -> None:
        """Keep no more old revisions than `revisionHistoryLimit`."""
        empty = [s for s in old if not s["spec"]["replicas"] and not (s.get("status") or {}).get("replicas")]
        surplus = len(empty) - deployment["spec"].get("revisionHistoryLimit", 10)
        for replica_set in sorted(empty, key=_revision)[: max(0, surplus)]:
            self._world.delete(_SETS, replica_set)


def _replica_set(deployment: Json, revision: int, size: int) -> Json:
    template = deployment["spec"]["template"]
    mark = template_hash(template)
    labels = {**template["metadata"]["labels"], _HASH: mark}
    selector = deployment["spec"]["selector"]
    surge, _ = limits(deployment)
    wanted = deployment["spec"]["replicas"]
    notes = {_DESIRED: str(wanted), _MOST: str(wanted + surge), _REVISION: str(revision)}
    return {
        "kind": "ReplicaSet",
        "apiVersion": "apps/v1",
        "metadata": {
            "name": f"{deployment['metadata']['name']}-{mark}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": labels,
            "annotations": _notes_of(deployment) | notes,
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": size,
            "minReadySeconds": deployment["spec"].get("minReadySeconds", 0),
            "selector": {**selector, "matchLabels": {**selector.get("matchLabels", {}), _HASH: mark}},
            "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
        },
    }


def _notes_of(deployment: Json) -> Json:
    notes = deployment["metadata"].get("annotations") or {}
    skipped = ("kubectl.kubernetes.io/last-applied-configuration", _REVISION, _DESIRED, _MOST)
    return {k: v for k, v in notes.items() if k not in skipped}


def template_hash(template: Mapping[str, Any]) -> str:
    """Ten letters that stand for a pod template."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:10])


def same_template(deployment: Json, replica_set: Json) -> bool:
    """Whether a ReplicaSet's pods are what the Deployment asks for."""
    template = replica_set["spec"]["template"]
    labels = {k: v for k, v in template["metadata"]["labels"].items() if k != _HASH}
    bare = {**template, "metadata": {**template["metadata"], "labels": labels}}
    return _plain(bare) == _plain(deployment["spec"]["template"])


def _plain(template: Json) -> Json:
    metadata = {k: v for k, v in template["metadata"].items() if v is not None}
    return {**template, "metadata": metadata}


def _first_size(deployment: Json, old: Sequence[Json]) -> int:
    if deployment["spec"]["strategy"]["type"] == "Recreate" and any(s["spec"]["replicas"] for s in old):
        return 0
    surge, _ = limits(deployment)
    wanted = int(deployment["spec"]["replicas"])
    total = sum(int(s["spec"]["replicas"]) for s in old)
    return max(0, min(wanted, wanted + surge - total))


def _revision(replica_set: Json) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(_REVISION, 0))


def _available(replica_set: Json) -> int:
    return int((replica_set.get("status") or {}).get("availableReplicas", 0))
