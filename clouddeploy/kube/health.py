"""Waits for rollouts: until they are healthy, or it is certain that they will not be."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from clouddeploy.errors import TemporaryError
from clouddeploy.kube.client import Kube, Object
from clouddeploy.kube.clock import Clock
from clouddeploy.kube.explain import unhealthy
from clouddeploy.kube.kinds import DEPLOYMENT, POD, REPLICA_SET
from clouddeploy.kube.rollout import Rollout, Snapshot, Trouble, judge
from clouddeploy.manifests.labels import PART_OF
from clouddeploy.progress import SILENT, Progress

POLL = 1.0
_GONE = Trouble("the Deployment was deleted meanwhile", hopeless=True)


def wait_healthy(
    kube: Kube,
    objects: Sequence[Object],
    *,
    timeout: float,
    progress: Progress = SILENT,
    clock: Clock = time,
) -> None:
    """Return when every Deployment in `objects` runs its current version and nothing else.

    Asks once a second, for at most `timeout` seconds. Raises UnhealthyError as soon as a
    container cannot start or keeps crashing, or when time runs out; its message has the
    reason, the last events and the last log lines. A lost connection is waited out.
    """
    deployments = [each["metadata"] for each in objects if each["kind"] == DEPLOYMENT.name]
    if not deployments:
        return
    names = [str(each["name"]) for each in deployments]
    namespace, labels = deployments[0]["namespace"], {PART_OF: deployments[0]["labels"][PART_OF]}
    deadline = clock.monotonic() + timeout
    with progress.task("rollout") as task:
        while True:
            late = clock.monotonic() >= deadline
            rollouts = _look(kube, names, namespace, labels, late)
            if rollouts:
                task.say(_summary(rollouts))
            waiting = [each for each in rollouts if not each.done]
            if rollouts and not waiting:
                return
            failed = [each for each in waiting if each.trouble and each.trouble.hopeless]
            if failed or late:
                raise unhealthy(kube, namespace, failed or waiting, None if failed else timeout)
            clock.sleep(POLL)


def _look(
    kube: Kube, names: Sequence[str], namespace: str, labels: Mapping[str, str], late: bool
) -> list[Rollout]:
    """How far each rollout is; empty when the API does not answer and there is time to ask again."""
    try:
        return _judged(names, read_snapshot(kube, namespace, labels))
    except TemporaryError:
        if late:
            raise
        return []


def read_snapshot(kube: Kube, namespace: str, labels: Mapping[str, str]) -> Snapshot:
    """What is needed to judge the rollouts of one app: one request per kind."""
    deployments, replica_sets, pods = (
        kube.list(kind, namespace, labels) for kind in (DEPLOYMENT, REPLICA_SET, POD)
    )
    return Snapshot(deployments, replica_sets, pods)


def _judged(names: Sequence[str], snapshot: Snapshot) -> list[Rollout]:
    live = {each["metadata"]["name"]: each for each in snapshot.deployments}
    return [
        judge(live[name], snapshot) if name in live else Rollout(name, 0, 0, done=False, trouble=_GONE)
        for name in names
    ]


def _summary(rollouts: Sequence[Rollout]) -> str:
    """`1/3 ready`; with several services, those that are not done by name."""
    if len(rollouts) == 1:
        return f"{rollouts[0].ready}/{rollouts[0].desired} ready"
    waiting = [f"{each.name} {each.ready}/{each.desired}" for each in rollouts if not each.done]
    return f"{', '.join(waiting)} ready" if waiting else "all ready"
