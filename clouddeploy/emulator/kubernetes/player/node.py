"""The nodes: made when their machines come, gone with them and their pods."""

from __future__ import annotations

from typing import Any

from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.world import World, timestamp
from clouddeploy.emulator.kubernetes.resources import BY_ID
from clouddeploy.emulator.machines import ZONE, Machine, Machines

Json = dict[str, Any]
_NODES = BY_ID["nodes"]


class Nodes:
    """Nodes that others make are theirs: neither changed nor deleted, and no pod is put there."""

    def __init__(self, world: World, machines: Machines) -> None:
        self._world = world
        self._machines = machines
        self._made: dict[str, Json] = {}

    def reconcile(self) -> None:
        found = {one.name: one for one in self._machines(bool(self._world.all("pods")))}
        for name in self._made.keys() - found.keys():
            self._remove(name)
        for name in found.keys() - self._made.keys():
            self._made[name] = self._register(found[name])
        self._world.nodes = tuple(found)
        self._world.node_zones = {name: one.labels.get(ZONE, "") for name, one in found.items()}

    def _register(self, machine: Machine) -> Json:
        """Make the node and report it ready."""
        client = self._world.client
        metadata = {"name": machine.name, "labels": machine.all_labels}
        try:
            made = client.create(
                _NODES, {"kind": "Node", "apiVersion": "v1", "metadata": metadata, "spec": {}}
            )
        except RefusedError as error:
            if error.code != 409:
                raise
            return client.get(_NODES, "", machine.name)
        client.patch(_NODES, made, {"status": _status(machine)}, "status")
        client.patch(_NODES, made, {"spec": {"taints": None}})
        return made

    def _remove(self, name: str) -> None:
        """The node, and the pods that were on it."""
        for pod in self._world.all("pods"):
            if pod["spec"].get("nodeName") == name:
                self._world.delete("pods", pod, gracePeriodSeconds=0)
        self._world.remove(_NODES, self._made.pop(name))


def _status(machine: Machine) -> Json:
    time = timestamp()
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": time,
        "lastTransitionTime": time,
    }
    addresses = [
        {"type": "InternalIP", "address": "10.0.0.1"},
        {"type": "Hostname", "address": machine.name},
    ]
    return {
        "capacity": machine.capacity,
        "allocatable": machine.allocatable,
        "conditions": [ready],
        "addresses": addresses,
    }
