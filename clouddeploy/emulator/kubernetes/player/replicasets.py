"""ReplicaSet -> pods; and the making and ending of pods that the other controllers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.events import Recorder
from clouddeploy.emulator.kubernetes.player.world import (
    World,
    age,
    condition,
    ending,
    is_ready,
    owner_reference,
    timestamp,
)

Json = dict[str, Any]


class ReplicaSets:
    """Keeps as many pods as a ReplicaSet wants."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events = Recorder(world, "replicaset-controller")

    def reconcile(self) -> None:
        pods = self._world.owned("pods")
        for replica_set in self._world.all("replicasets.apps"):
            self._one(replica_set, pods.get(replica_set["metadata"]["uid"], []))

    def _one(self, owner: Json, pods: Sequence[Json]) -> None:
        live = [pod for pod in pods if alive(pod)]
        wanted = owner["spec"].get("replicas", 1)
        failure = None
        if not ending(owner):
            failure = self._adjust(owner, live, wanted)
        self._world.set_status("replicasets.apps", owner, _status(owner, live, failure, self._world))

    def _adjust(self, owner: Json, live: list[Json], wanted: int) -> str | None:
        """Make or end pods; returns why no more could be made."""
        for pod in sorted(live, key=_worth)[: max(0, len(live) - wanted)]:
            self._events.normal(owner, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
            self._world.delete("pods", pod)
            live.remove(pod)
        for _ in range(wanted - len(live)):
            try:
                pod = create_pod(self._world, owner, {"generateName": f"{owner['metadata']['name']}-"})
            except RefusedError as error:
                self._events.warn(owner, "FailedCreate", f"Error creating: {error}")
                self._world.again(0.2)
                return str(error)
            live.append(pod)
            self._events.normal(owner, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        return None


def alive(pod: Mapping[str, Any]) -> bool:
    """Whether a pod counts: neither ending nor ended."""
    return not ending(pod) and (pod.get("status") or {}).get("phase") not in ("Failed", "Succeeded")


def create_pod(world: World, owner: Json, naming: Json, template: Json | None = None) -> Json:
    """A pod of a controller's template."""
    pattern: Json = template or owner["spec"]["template"]
    source = pattern.get("metadata") or {}
    metadata = {k: source[k] for k in ("labels", "annotations", "finalizers") if source.get(k)}
    metadata |= {"namespace": owner["metadata"]["namespace"], "ownerReferences": [owner_reference(owner)]}
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": metadata | naming, "spec": pattern["spec"]}
    made = world.create("pods", pod)
    if made is None:
        raise RefusedError(409, {"message": "the name is taken"})
    return made


def _worth(pod: Json) -> tuple[int, ...]:
    """The pods to lose first sort first: without a node, not ready, young."""
    created = str(pod["metadata"]["creationTimestamp"])
    placed = 1 if pod["spec"].get("nodeName") else 0
    return (placed, 1 if is_ready(pod) else 0, int(age(created)))


def is_available(pod: Json, seconds: float, world: World) -> bool:
    """Ready for at least `minReadySeconds`."""
    if not is_ready(pod):
        return False
    left = seconds - age(condition(pod, "Ready")["lastTransitionTime"]) if seconds else 0
    if left > 0:
        world.again(left)
    return left <= 0


def _status(owner: Json, live: Sequence[Json], failure: str | None, world: World) -> Json:
    patience = owner["spec"].get("minReadySeconds", 0)
    counts = {
        "fullyLabeledReplicas": len(live),
        "readyReplicas": sum(is_ready(pod) for pod in live),
        "availableReplicas": sum(is_available(pod, patience, world) for pod in live),
    }
    status: Json = {"replicas": len(live), **{k: v for k, v in counts.items() if v}}
    status["observedGeneration"] = owner["metadata"]["generation"]
    if failure:
        known = condition(owner, "ReplicaFailure")
        time = known.get("lastTransitionTime", timestamp())
        problem = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failure}
        status["conditions"] = [{**problem, "lastTransitionTime": time}]
    return status
