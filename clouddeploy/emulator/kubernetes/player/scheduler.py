"""Binds pods to nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.play import fate
from clouddeploy.emulator.kubernetes.player.claims import by_place, claims_of, unbound
from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.events import Recorder
from clouddeploy.emulator.kubernetes.player.volumes import least_busy, reachable
from clouddeploy.emulator.kubernetes.player.world import World, condition, ending, timestamp
from clouddeploy.emulator.kubernetes.resources import BY_ID

Json = dict[str, Any]

_NONE = (
    "0/{nodes} nodes are available: {why}. {more}preemption: "
    "0/{nodes} nodes are available: {nodes} Preemption is not helpful for scheduling."
)


class Scheduler:
    """Every pod fits, unless its fate is to be unschedulable, or its volumes are missing or apart."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events = Recorder(world, "default-scheduler")

    def reconcile(self) -> None:
        claims = by_place(self._world.all("persistentvolumeclaims"))
        for pod in self._world.all("pods"):
            if pod["spec"].get("nodeName") or ending(pod):
                continue
            if why := self._obstacle(pod, claims):
                self._refuse(pod, why)
            else:
                self._place(pod)

    def _obstacle(self, pod: Json, claims: Mapping[tuple[str, str], Json]) -> str | None:
        """Why no node takes a pod, in the scheduler's words; None when one does."""
        count = len(self._world.nodes)
        if not count:
            return "no nodes available to schedule pods"
        if fate(pod) == "unschedulable":
            more = "no new claims to deallocate, "
            return _NONE.format(nodes=count, why=f"{count} Insufficient cpu", more=more)
        why = unbound(pod, claims)
        if not why and not reachable(self._world, claims_of(pod)):
            why = f"{count} node(s) had volume node affinity conflict"
        return _NONE.format(nodes=count, why=why, more="") if why else None

    def _place(self, pod: Json) -> None:
        name = least_busy(self._world, reachable(self._world, claims_of(pod)))
        target = {"apiVersion": "v1", "kind": "Node", "name": name}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": _name(pod), "target": target}
        try:
            self._world.client.post(BY_ID["pods"], pod, "binding", binding)
        except RefusedError as error:
            if error.code not in (404, 409):
                raise
            return
        where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        self._events.normal(pod, "Scheduled", f"Successfully assigned {where} to {name}")
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
