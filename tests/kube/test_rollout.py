"""How a rollout is judged: a truth table over what a cluster can show."""

from __future__ import annotations

from typing import Any

import pytest

from clouddeploy.kube.rollout import Rollout, Snapshot, current_replica_set, judge

Object = dict[str, Any]


def deployment(*, desired: int = 2, observed: int = 3, paused: bool = False, **status: Any) -> Object:
    """A Deployment of generation 3 whose rollout has just begun."""
    return {
        "metadata": {"name": "web", "uid": "d", "generation": 3},
        "spec": {"replicas": desired, "paused": paused},
        "status": {"observedGeneration": observed, **status},
    }


def replica_set(uid: str, revision: int, owner: str = "d") -> Object:
    metadata = {
        "name": f"web-{uid}",
        "uid": uid,
        "ownerReferences": [{"uid": owner}],
        "annotations": {"deployment.kubernetes.io/revision": str(revision)},
    }
    return {"metadata": metadata}


def pod(owner: str = "new", *, ready: bool = False, leaving: bool = False, **status: Any) -> Object:
    metadata: Object = {"name": f"web-{owner}-x", "ownerReferences": [{"uid": owner}]}
    if leaving:
        metadata["deletionTimestamp"] = "2026-11-23T10:00:00Z"
    conditions = [{"type": "Ready", "status": str(ready)}, *status.pop("conditions", [])]
    return {"metadata": metadata, "status": {"conditions": conditions, **status}}


def container(state: Object, *, restarts: int = 0, last: Object | None = None, ready: bool = False) -> Object:
    last_state = {"terminated": last} if last else {}
    return {
        "name": "web",
        "ready": ready,
        "restartCount": restarts,
        "state": state,
        "lastState": last_state,
    }


def judged(found: Object, *pods: Object) -> Rollout:
    sets = [replica_set("old", 1), replica_set("new", 2), replica_set("other", 9, owner="another")]
    return judge(found, Snapshot([found], sets, pods))


COMPLETE = {"updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}
OOM = {"exitCode": 137, "reason": "OOMKilled"}


class TestDone:
    """When nothing is left to wait for."""

    def test_every_replica_is_current_and_available(self) -> None:
        rollout = judged(deployment(**COMPLETE), pod(ready=True), pod(ready=True))
        assert (rollout.done, rollout.ready, rollout.desired) == (True, 2, 2)
        assert str(rollout) == "web: 2 of 2 ready"

    @pytest.mark.parametrize(
        "status",
        [
            {**COMPLETE, "updatedReplicas": 1},
            {**COMPLETE, "replicas": 3},
            {**COMPLETE, "availableReplicas": 1},
            {},
        ],
        ids=["not all current", "old ones remain", "not all available", "nothing yet"],
    )
    def test_not_before_that(self, status: Object) -> None:
        assert not judged(deployment(**status)).done

    def test_a_status_of_the_version_before_says_nothing(self) -> None:
        rollout = judged(deployment(observed=2, **COMPLETE), pod(ready=True), pod(ready=True))
        assert (rollout.done, rollout.ready) == (False, 0)

    def test_no_replicas_are_wanted(self) -> None:
        assert judged(deployment(desired=0)).done

    def test_restarts_of_long_ago_do_not_matter(self) -> None:
        state = container({"running": {}}, restarts=9, last=OOM, ready=True)
        assert judged(deployment(**COMPLETE), pod(ready=True, containerStatuses=[state])).done


class TestHopeless:
    """When waiting is pointless."""

    @pytest.mark.parametrize(
        "reason",
        [
            "ErrImagePull",
            "ImagePullBackOff",
            "InvalidImageName",
            "CreateContainerConfigError",
            "RunContainerError",
        ],
    )
    def test_a_container_that_cannot_start(self, reason: str) -> None:
        state = container({"waiting": {"reason": reason, "message": "why"}})
        trouble = judged(deployment(), pod(containerStatuses=[state])).trouble
        assert trouble is not None
        assert (trouble.reason, trouble.hopeless, trouble.container) == (f"{reason}: why", True, "web")

    def test_a_crash_loop_says_how_the_container_ended(self) -> None:
        state = container({"waiting": {"reason": "CrashLoopBackOff"}}, restarts=1, last=OOM)
        rollout = judged(deployment(), pod(containerStatuses=[state]))
        assert str(rollout) == (
            "web: 0 of 2 ready: CrashLoopBackOff: the container exits with 137 (OOMKilled), 1 restart"
        )
        assert rollout.trouble is not None
        assert rollout.trouble.restarted

    def test_a_container_that_restarts_again_and_again(self) -> None:
        state = container({"running": {}}, restarts=2, last={"exitCode": 0, "reason": "Completed"})
        trouble = judged(deployment(), pod(containerStatuses=[state])).trouble
        assert trouble is not None
        assert trouble.reason == "Restarting: the container exits with 0 (Completed), 2 restarts"
        assert trouble.hopeless

    def test_an_init_container_counts(self) -> None:
        state = container({"waiting": {"reason": "ImagePullBackOff"}})
        trouble = judged(deployment(), pod(initContainerStatuses=[state])).trouble
        assert trouble is not None
        assert trouble.hopeless

    def test_the_deadline_of_the_deployment(self) -> None:
        condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
        trouble = judged(deployment(conditions=[condition])).trouble
        assert trouble is not None
        assert trouble.hopeless

    def test_a_containers_reason_is_better_than_the_deadline(self) -> None:
        condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
        state = container({"waiting": {"reason": "ImagePullBackOff"}})
        trouble = judged(deployment(conditions=[condition]), pod(containerStatuses=[state])).trouble
        assert trouble is not None
        assert trouble.reason == "ImagePullBackOff"


class TestMayMend:
    """Reasons to name when time runs out, and not before."""

    @pytest.mark.parametrize(
        ("found", "pods", "reason"),
        [
            (
                deployment(
                    conditions=[
                        {
                            "type": "ReplicaFailure",
                            "status": "True",
                            "reason": "FailedCreate",
                            "message": "quota",
                        }
                    ]
                ),
                [],
                "FailedCreate: quota",
            ),
            (deployment(paused=True), [], "the rollout is paused: kubectl rollout resume"),
            (
                deployment(),
                [pod(conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}])],
                "FailedScheduling: 0/3 nodes",
            ),
            (deployment(), [pod(containerStatuses=[container({"running": {}})])], "not ready yet"),
            (
                deployment(),
                [pod(containerStatuses=[container({"waiting": {"reason": "ContainerCreating"}})])],
                "ContainerCreating",
            ),
            (deployment(), [pod(phase="Failed", reason="Evicted", message="disk")], "Evicted: disk"),
            (
                deployment(),
                [pod(containerStatuses=[container({"terminated": OOM})])],
                None,
            ),
        ],
        ids=["quota", "paused", "no node", "starting", "volumes", "evicted", "first exit"],
    )
    def test_reason(self, found: Object, pods: list[Object], reason: str | None) -> None:
        trouble = judged(found, *pods).trouble
        assert (trouble.reason if trouble else None) == reason
        assert trouble is None or not trouble.hopeless


class TestWhosePods:
    """Only pods of the current version count."""

    def test_the_version_before_is_no_reason(self) -> None:
        state = container({"waiting": {"reason": "CrashLoopBackOff"}}, restarts=5, last=OOM)
        assert judged(deployment(), pod("old", containerStatuses=[state])).trouble is None

    def test_pods_on_their_way_out_are_no_reason(self) -> None:
        state = container({"waiting": {"reason": "ImagePullBackOff"}})
        assert judged(deployment(), pod(leaving=True, containerStatuses=[state])).trouble is None

    def test_ready_pods_of_the_version_before_do_not_count(self) -> None:
        assert judged(deployment(), pod("old", ready=True), pod(ready=True)).ready == 1

    def test_the_current_replica_set_has_the_highest_revision_not_the_latest_birth(self) -> None:
        sets = [replica_set("rolled-back-to", 10), replica_set("newer", 9)]
        current = current_replica_set(deployment(), sets)
        assert current is not None
        assert current["metadata"]["uid"] == "rolled-back-to"

    def test_there_may_be_none_yet(self) -> None:
        assert current_replica_set(deployment(), []) is None
