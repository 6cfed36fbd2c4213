"""The one node."""

from __future__ import annotations

from typing import Any

from clouddeploy.emulator.kubernetes.player.client import Client, RefusedError
from clouddeploy.emulator.kubernetes.player.scheduler import NODE
from clouddeploy.emulator.kubernetes.player.world import timestamp
from clouddeploy.emulator.kubernetes.resources import BY_ID

Json = dict[str, Any]
_NODES = BY_ID["nodes"]
_LABELS = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
_SIZE = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}


def register_node(client: Client) -> None:
    """Make the node and report it ready; nothing when it is there."""
    node = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": NODE, "labels": _LABELS}, "spec": {}}
    try:
        made = client.create(_NODES, node)
    except RefusedError as error:
        if error.code != 409:
            raise
        return
    client.patch(_NODES, made, {"status": _status()}, "status")
    client.patch(_NODES, made, {"spec": {"taints": None}})


def _status() -> Json:
    time = timestamp()
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": time,
        "lastTransitionTime": time,
    }
    addresses = [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "Hostname", "address": NODE}]
    return {"capacity": _SIZE, "allocatable": _SIZE, "conditions": [ready], "addresses": addresses}
