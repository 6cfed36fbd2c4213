"""Binds pods to the one node."""

from __future__ import annotations

from typing import Any

from clouddeploy.emulator.kubernetes.play import fate
from clouddeploy.emulator.kubernetes.player.claims import by_place, unbound
from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.events import Recorder
from clouddeploy.emulator.kubernetes.player.world import World, condition, ending, timestamp
from clouddeploy.emulator.kubernetes.resources import BY_ID

Json = dict[str, Any]
NODE = "node-1"

_NONE = "0/1 nodes are available: {why}. {more}preemption: " + (
    "0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)
_FULL = _NONE.format(why="1 Insufficient cpu", more="no new claims to deallocate, ")


class Scheduler:
    """Every pod fits, unless its fate is to be unschedulable or its volumes are not there."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events = Recorder(world, "default-scheduler")

    def reconcile(self) -> None:
        claims = by_place(self._world.all("persistentvolumeclaims"))
        for pod in self._world.all("pods"):
            if pod["spec"].get("nodeName") or ending(pod):
                continue
            if fate(pod) == "unschedulable":
                self._refuse(pod, _FULL)
            elif why := unbound(pod, claims):
                self._refuse(pod, _NONE.format(why=why, more=""))
            else:
                self._place(pod)

    def _place(self, pod: Json) -> None:
        target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": _name(pod), "target": target}
        try:
            self._world.client.post(BY_ID["pods"], pod, "binding", binding)
        except RefusedError as error:
            if error.code not in (404, 409):
                raise
            return
        where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        self._events.normal(pod, "Scheduled", f"Successfully assigned {where} to {NODE}")
        self._world.refresh("pods", pod)

    def _refuse(self, pod: Json, why: str) -> None:
        if condition(pod, "PodScheduled").get("message") == why:
            return
        problem = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why}
        status = {**pod.get("status", {}), "conditions": [{**problem, "lastTransitionTime": timestamp()}]}
        self._world.set_status("pods", pod, status)
        self._events.warn(pod, "FailedScheduling", why)


def _name(pod: Json) -> Json:
    return {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
