"""How far one Deployment's rollout is, judged from plain objects: no request, no waiting.

The rules are those of `kubectl rollout status`, plus the container states that waiting does
not mend. Only pods of the current ReplicaSet count: what an older version did is no reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clouddeploy.kube.kinds import REVISION

Object = dict[str, Any]

RESTARTS = 2
"""So many restarts of a container that still is not ready are a crash loop."""

_HOPELESS = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "PostStartHookError",
        "RunContainerError",
    }
)


@dataclass(frozen=True)
class Snapshot:
    """What was read in one go: a namespace's Deployments of an app, their ReplicaSets and pods."""

    deployments: Sequence[Object]
    replica_sets: Sequence[Object]
    pods: Sequence[Object]


@dataclass(frozen=True)
class Trouble:
    """Why a rollout is not done; `hopeless` when waiting is pointless."""

    reason: str
    hopeless: bool = False
    pod: Object | None = None
    container: str | None = None
    restarted: bool = False


@dataclass(frozen=True)
class Rollout:
    """One Deployment's progress: replicas of the current version that are ready, and wanted."""

    name: str
    ready: int
    desired: int
    done: bool
    trouble: Trouble | None = None

    def __str__(self) -> str:
        state = f"{self.name}: {self.ready} of {self.desired} ready"
        return f"{state}: {self.trouble.reason}" if self.trouble else state


def judge(deployment: Object, snapshot: Snapshot) -> Rollout:
    """The rollout of one Deployment in a snapshot."""
    name = str(deployment["metadata"]["name"])
    desired = int(deployment["spec"].get("replicas", 1))
    if not _observed(deployment):
        return Rollout(name, 0, desired, done=False)
    pods = current_pods(deployment, snapshot)
    ready = sum(_has(pod, "Ready") for pod in pods)
    if _complete(deployment, desired):
        return Rollout(name, desired, desired, done=True)
    return Rollout(name, min(ready, desired), desired, done=False, trouble=_trouble(deployment, pods))


def current_pods(deployment: Object, snapshot: Snapshot) -> list[Object]:
    """The pods of the Deployment's current version that are not on their way out."""
    replica_set = current_replica_set(deployment, snapshot.replica_sets)
    if replica_set is None:
        return []
    uid = replica_set["metadata"]["uid"]
    return [
        pod for pod in snapshot.pods if _owned_by(pod, uid) and not pod["metadata"].get("deletionTimestamp")
    ]


def current_replica_set(deployment: Object, replica_sets: Sequence[Object]) -> Object | None:
    """The ReplicaSet with the Deployment's newest revision."""
    uid = deployment["metadata"].get("uid")
    own = [each for each in replica_sets if _owned_by(each, uid)]
    return max(own, key=_age_key, default=None)


def _observed(deployment: Object) -> bool:
    seen = _status(deployment).get("observedGeneration", 0)
    return int(seen) >= int(deployment["metadata"].get("generation", 0))


def _complete(deployment: Object, desired: int) -> bool:
    status = _status(deployment)
    updated, available, every = (
        int(status.get(key, 0)) for key in ("updatedReplicas", "availableReplicas", "replicas")
    )
    return updated == desired and every == updated and available >= desired


def _trouble(deployment: Object, pods: Sequence[Object]) -> Trouble | None:
    found = [trouble for pod in pods for trouble in _pod_troubles(pod)]
    found += _deployment_troubles(deployment)
    return next((trouble for trouble in found if trouble.hopeless), found[0] if found else None)


def _deployment_troubles(deployment: Object) -> Iterator[Trouble]:
    if deployment["spec"].get("paused"):
        yield Trouble("the rollout is paused: kubectl rollout resume")
    for condition in _status(deployment).get("conditions", []):
        kind, status, reason = condition["type"], condition["status"], condition.get("reason", "")
        text = f"{reason}: {condition.get('message', '')}".rstrip(": ")
        if kind == "ReplicaFailure" and status == "True":
            yield Trouble(text)
        if kind == "Progressing" and status == "False" and reason == "ProgressDeadlineExceeded":
            yield Trouble(text, hopeless=True)


def _pod_troubles(pod: Object) -> Iterator[Trouble]:
    status = _status(pod)
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        if trouble := _container_trouble(pod, container):
            yield trouble
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield Trouble(f"FailedScheduling: {condition.get('message', 'no node takes the pod')}", pod=pod)
    if status.get("phase") == "Failed":
        text = ": ".join(filter(None, (status.get("reason", "Failed"), status.get("message"))))
        yield Trouble(text, pod=pod)


def _container_trouble(pod: Object, container: Mapping[str, Any]) -> Trouble | None:
    name, state = container["name"], container.get("state", {})
    waiting, restarts = state.get("waiting", {}), int(container.get("restartCount", 0))
    reason = waiting.get("reason", "")
    ended = _ended(container)
    if ended and (reason == "CrashLoopBackOff" or (restarts >= RESTARTS and not container.get("ready"))):
        text = f"{reason or 'Restarting'}: {ended}"
        return Trouble(text, True, pod, name, restarted="terminated" not in state)
    if reason:
        text = f"{reason}: {waiting.get('message', '')}".rstrip(": ")
        return Trouble(text, reason in _HOPELESS, pod, name, restarted=restarts > 0)
    if "running" in state and not container.get("ready"):
        return Trouble("not ready yet", pod=pod, container=name)
    return None


def _ended(container: Mapping[str, Any]) -> str | None:
    """How the container last ended: `the container exits with 1 (Error), 2 restarts`."""
    last = container.get("state", {}).get("terminated") or container.get("lastState", {}).get("terminated")
    if not last:
        return None
    restarts = int(container.get("restartCount", 0))
    reason = f" ({last['reason']})" if last.get("reason") else ""
    times = f", {restarts} restart{'' if restarts == 1 else 's'}" if restarts else ""
    return f"the container exits with {last.get('exitCode', '?')}{reason}{times}"


def _age_key(replica_set: Object) -> tuple[int, str]:
    metadata = replica_set["metadata"]
    revision = str(metadata.get("annotations", {}).get(REVISION, "0"))
    return int(revision) if revision.isdecimal() else 0, str(metadata.get("creationTimestamp", ""))


def _owned_by(value: Object, uid: object) -> bool:
    return any(owner.get("uid") == uid for owner in value["metadata"].get("ownerReferences", ()))


def _has(pod: Object, condition: str) -> bool:
    conditions = _status(pod).get("conditions", [])
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


def _status(value: Object) -> Mapping[str, Any]:
    return value.get("status") or {}
