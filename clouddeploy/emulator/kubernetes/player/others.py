"""StatefulSets and Jobs, in their simplest form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.deployments import template_hash
from clouddeploy.emulator.kubernetes.player.replicasets import alive, create_pod
from clouddeploy.emulator.kubernetes.player.world import World, ending, is_ready, timestamp

Json = dict[str, Any]
_REVISION = "controller-revision-hash"


class StatefulSets:
    """Pods with ordinals, made one after the other; replaced from the last when the template changes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def reconcile(self) -> None:
        pods = self._world.owned("pods")
        for owner in self._world.all("statefulsets.apps"):
            mine = {pod["metadata"]["name"]: pod for pod in pods.get(owner["metadata"]["uid"], [])}
            if not ending(owner):
                self._step(owner, mine)
            status = _stateful_status(owner, list(mine.values()))
            self._world.set_status("statefulsets.apps", owner, status)

    def _step(self, owner: Json, pods: dict[str, Json]) -> None:
        """One change at a time: a missing pod, a surplus one, an outdated one."""
        names = [f"{owner['metadata']['name']}-{n}" for n in range(owner["spec"]["replicas"])]
        revision = _revision_of(owner)
        if surplus := sorted(name for name in pods if name not in names):
            self._delete(pods[surplus[-1]])
            return
        for name in names:
            if name not in pods:
                self._make(owner, name, revision, pods)
                return
            if not is_ready(pods[name]) and pods[name]["metadata"]["labels"].get(_REVISION) == revision:
                return
        for name in reversed(names):
            if pods[name]["metadata"]["labels"].get(_REVISION) != revision:
                self._delete(pods[name])
                return

    def _delete(self, pod: Json) -> None:
        if not ending(pod):
            self._world.delete("pods", pod)

    def _make(self, owner: Json, name: str, revision: str, pods: dict[str, Json]) -> None:
        template = owner["spec"]["template"]
        ordinal = {"statefulset.kubernetes.io/pod-name": name, _REVISION: revision}
        labels = {**template["metadata"].get("labels", {}), **ordinal}
        claims = owner["spec"].get("volumeClaimTemplates") or []
        spec = {**template["spec"], "hostname": name, "subdomain": owner["spec"].get("serviceName", "")}
        spec["volumes"] = [
            *(template["spec"].get("volumes") or []),
            *(_volume(claim, name) for claim in claims),
        ]
        try:
            for claim in claims:
                self._claim(owner, claim, name)
            wanted = {"metadata": template["metadata"], "spec": spec}
            pods[name] = create_pod(self._world, owner, {"name": name, "labels": labels}, wanted)
        except RefusedError as error:
            if error.code not in (403, 409):
                raise
            self._world.again(0.2)

    def _claim(self, owner: Json, claim: Json, pod: str) -> None:
        name = f"{claim['metadata']['name']}-{pod}"
        metadata = {**claim["metadata"], "name": name, "namespace": owner["metadata"]["namespace"]}
        self._world.create("persistentvolumeclaims", {"metadata": metadata, "spec": claim["spec"]})


def _volume(claim: Json, pod: str) -> Json:
    name = claim["metadata"]["name"]
    return {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{pod}"}}


def _revision_of(owner: Json) -> str:
    return f"{owner['metadata']['name']}-{template_hash(owner['spec']['template'])}"


def _stateful_status(owner: Json, pods: Sequence[Json]) -> Json:
    revision = _revision_of(owner)
    live = [pod for pod in pods if alive(pod)]
    updated = [pod for pod in live if pod["metadata"]["labels"].get(_REVISION) == revision]
    ready = sum(is_ready(pod) for pod in live)
    known = (owner.get("status") or {}).get("currentRevision")
    done = len(updated) == owner["spec"]["replicas"] and all(is_ready(pod) for pod in updated)
    return {
        "observedGeneration": owner["metadata"]["generation"],
        "replicas": len(live),
        "readyReplicas": ready,
        "currentReplicas": len(updated),
        "updatedReplicas": len(updated),
        "availableReplicas": ready,
        "currentRevision": revision if done or not known else known,
        "updateRevision": revision,
        "collisionCount": 0,
    }


class Jobs:
    """Pods until enough have succeeded, or too many have failed."""

    def __init__(self, world: World) -> None:
        self._world = world

    def reconcile(self) -> None:
        pods = self._world.owned("pods")
        for job in self._world.all("jobs.batch"):
            if not ending(job) and not (job.get("status") or {}).get("conditions"):
                self._step(job, pods.get(job["metadata"]["uid"], []))

    def _step(self, job: Json, pods: Sequence[Json]) -> None:
        active = [pod for pod in pods if alive(pod)]
        succeeded = sum(_phase(pod) == "Succeeded" for pod in pods)
        failed = sum(_phase(pod) == "Failed" for pod in pods)
        wanted = job["spec"].get("completions", 1)
        status: Json = {"startTime": (job.get("status") or {}).get("startTime") or timestamp()}
        status |= {"succeeded": succeeded} if succeeded else {}
        status |= {"failed": failed} if failed else {}
        if succeeded >= wanted:
            status |= {
                "completionTime": timestamp(),
                "conditions": [*_ended("SuccessCriteriaMet"), *_ended("Complete")],
            }
        elif failed > job["spec"]["backoffLimit"]:
            status["conditions"] = [*_ended("FailureTarget"), *_ended("Failed", "BackoffLimitExceeded")]
        elif len(active) < min(job["spec"].get("parallelism", 1), wanted - succeeded):
            active.append(create_pod(self._world, job, {"generateName": f"{job['metadata']['name']}-"}))
        status |= {"active": len(active)} if active else {}
        status |= {"ready": sum(is_ready(pod) for pod in active), "terminating": 0}
        status["uncountedTerminatedPods"] = {}
        self._world.set_status("jobs.batch", job, status)


def _phase(pod: Json) -> str:
    return str((pod.get("status") or {}).get("phase"))


def _ended(kind: str, reason: str = "CompletionsReached") -> list[Json]:
    time = timestamp()
    text = (
        "Job has reached the specified backoff limit"
        if "Backoff" in reason
        else "Reached expected number of succeeded pods"
    )
    condition = {"type": kind, "status": "True", "reason": reason, "message": text}
    return [{**condition, "lastProbeTime": time, "lastTransitionTime": time}]
