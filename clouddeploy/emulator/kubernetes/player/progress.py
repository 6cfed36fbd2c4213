"""A Deployment's status: counts, and the conditions Available and Progressing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from clouddeploy.emulator.kubernetes.player.world import World, age, condition, timestamp

Json = dict[str, Any]


def deployment_status(deployment: Json, new: Json | None, old: Sequence[Json], world: World) -> Json:
    """The status that the deployment controller would write."""
    sets = [*([new] if new else []), *old]
    counts = {
        "replicas": _sum(sets, "replicas"),
        "updatedReplicas": _sum([new] if new else [], "replicas"),
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": _sum(sets, "availableReplicas"),
    }
    counts["unavailableReplicas"] = max(
        0, sum(s["spec"]["replicas"] for s in sets) - counts["availableReplicas"]
    )
    status: Json = {"observedGeneration": deployment["metadata"]["generation"]}
    status |= {name: value for name, value in counts.items() if value}
    conditions = [_available(deployment, counts), _progressing(deployment, new, counts, world)]
    failures = [c for s in sets if (c := condition(s, "ReplicaFailure"))]
    conditions += [
        _condition(deployment, "ReplicaFailure", "True", f["reason"], f["message"]) for f in failures[:1]
    ]
    status["conditions"] = [found for found in conditions if found]
    return status


def limits(deployment: Json) -> tuple[int, int]:
    """maxSurge and maxUnavailable in pods; both 0 would stand still, so then one may be missing."""
    wanted = deployment["spec"]["replicas"]
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    surge = _pods(rolling.get("maxSurge", "25%"), wanted, math.ceil)
    missing = _pods(rolling.get("maxUnavailable", "25%"), wanted, math.floor)
    return (surge, missing) if surge or missing else (0, 1)


def _pods(value: int | str, wanted: int, rounded: Callable[[float], int]) -> int:
    if isinstance(value, str):
        return rounded(wanted * int(value.rstrip("%")) / 100)
    return value


def _sum(sets: Sequence[Json], name: str) -> int:
    return sum((s.get("status") or {}).get(name, 0) for s in sets)


def _available(deployment: Json, counts: Json) -> Json:
    _, missing = limits(deployment)
    if counts["availableReplicas"] >= deployment["spec"]["replicas"] - missing:
        text = "Deployment has minimum availability."
        return _condition(deployment, "Available", "True", "MinimumReplicasAvailable", text)
    text = "Deployment does not have minimum availability."
    return _condition(deployment, "Available", "False", "MinimumReplicasUnavailable", text)


def _progressing(deployment: Json, new: Json | None, counts: Json, world: World) -> Json | None:
    if new is None:
        return dict(condition(deployment, "Progressing")) or None
    name = new["metadata"]["name"]
    known = condition(deployment, "Progressing")
    wanted = deployment["spec"]["replicas"]
    if all(counts[c] == wanted for c in ("replicas", "updatedReplicas", "availableReplicas")):
        text = f'ReplicaSet "{name}" has successfully progressed.'
        return _condition(deployment, "Progressing", "True", "NewReplicaSetAvailable", text)
    text = f'ReplicaSet "{name}" is progressing.'
    fresh = f'"{name}"' not in known.get("message", "")
    if fresh or _moved(deployment, counts):
        return _condition(deployment, "Progressing", "True", "ReplicaSetUpdated", text, moved=True)
    return _late(deployment, name, world) or dict(known)


def _moved(deployment: Json, counts: Json) -> bool:
    """Whether the rollout has come closer to its end since the last look."""
    before = deployment.get("status") or {}
    if deployment["metadata"]["generation"] != before.get("observedGeneration"):
        return condition(deployment, "Progressing").get("reason") == "NewReplicaSetAvailable"
    return any(
        counts[n] > before.get(n, 0) for n in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )


def _late(deployment: Json, name: str, world: World) -> Json | None:
    """The condition of a rollout that has stood still for longer than its deadline."""
    known = condition(deployment, "Progressing")
    if known.get("reason") == "NewReplicaSetAvailable":
        return None
    left = deployment["spec"].get("progressDeadlineSeconds", 600) - age(known["lastUpdateTime"])
    if left > 0:
        world.again(left)
        return None
    text = f'ReplicaSet "{name}" has timed out progressing.'
    return _condition(deployment, "Progressing", "False", "ProgressDeadlineExceeded", text)


def _condition(
    deployment: Json, kind: str, status: str, reason: str, message: str, *, moved: bool = False
) -> Json:
    known = condition(deployment, kind)
    same = known.get("status") == status
    kept = same and known.get("reason") == reason and not moved
    return {
        "type": kind,
        "status": status,
        "lastUpdateTime": known["lastUpdateTime"] if kept else timestamp(),
        "lastTransitionTime": known["lastTransitionTime"] if same else timestamp(),
        "reason": reason,
        "message": message,
    }
