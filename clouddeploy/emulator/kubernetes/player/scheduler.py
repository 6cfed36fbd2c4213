"""Binds pods to the one node."""

from __future__ import annotations

from typing import Any

from clouddeploy.emulator.kubernetes.play import fate
from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.events import Recorder
from clouddeploy.emulator.kubernetes.player.world import World, condition, ending, timestamp
from clouddeploy.emulator.kubernetes.resources import BY_ID

Json = dict[str, Any]
NODE = "node-1"

_FULL = (
    "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: "
    "0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)


class Scheduler:
    """Every pod fits, unless its fate is to be unschedulable."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events = Recorder(world, "default-scheduler")

    def reconcile(self) -> None:
        for pod in self._world.all("pods"):
            if not pod["spec"].get("nodeName") and not ending(pod):
                self._place(pod)

    def _place(self, pod: Json) -> None:
        if fate(pod) == "unschedulable":
            self._refuse(pod)
            return
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

    def _refuse(self, pod: Json) -> None:
        if condition(pod, "PodScheduled"):
            return
        problem = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": _FULL}
        status = {**pod.get("status", {}), "conditions": [{**problem, "lastTransitionTime": timestamp()}]}
        self._world.set_status("pods", pod, status)
        self._events.warn(pod, "FailedScheduling", _FULL)


def _name(pod: Json) -> Json:
    return {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
