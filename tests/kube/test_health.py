"""Waiting for a rollout: it ends healthy, or with the reason, the events and the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from clouddeploy.contract import KubeAccess
from clouddeploy.emulator.kubernetes.play import LOG, PLAY
from clouddeploy.emulator.server import free_port
from clouddeploy.errors import TemporaryError, UnhealthyError
from clouddeploy.kube.apply import apply_objects
from clouddeploy.kube.client import Kube, connect
from clouddeploy.kube.health import wait_healthy
from clouddeploy.kube.kinds import DEPLOYMENT, EVENT
from clouddeploy.progress import SILENT
from tests.kube.clocks import Fast, Jumping
from tests.kube.conftest import Make
from tests.manifests.samples import API, WEB, WORKER, one

# What a rollout looks like is the player's doing, whichever API server it talks to.
pytestmark = pytest.mark.parametrize("cluster", [False], indirect=True, ids=["built-in"])


class Watched:
    """A progress that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextmanager
    def task(self, title: str, *, total: int | None = None) -> Iterator[Watched]:
        yield self

    def say(self, detail: str) -> None:
        self.said.append(detail)

    def advance(self, amount: int) -> None:
        """Nothing here is counted."""


def play(found: list[dict[str, Any]], fate: str, log: str = "") -> list[dict[str, Any]]:
    """The same objects, whose pods the emulated kubelet lets fail in a certain way."""
    for each in found:
        if each["kind"] == "Deployment":
            each["spec"]["template"]["metadata"]["annotations"] = {PLAY: fate, LOG: log}
    return found


def deploy(kube: Kube, found: list[dict[str, Any]], timeout: float = 300) -> None:
    apply_objects(kube, found)
    wait_healthy(kube, found, timeout=timeout, clock=Fast())


def failure(kube: Kube, found: list[dict[str, Any]], timeout: float = 300) -> str:
    with pytest.raises(UnhealthyError) as caught:
        deploy(kube, found, timeout)
    assert caught.value.exit_code == 6
    assert "clouddeploy status" in str(caught.value.fix)
    return caught.value.message


def wait_for_event(kube: Kube, namespace: str, reason: str) -> None:
    clock = Fast()
    deadline = clock.monotonic() + 300
    while all(event["reason"] != reason for event in kube.list(EVENT, namespace)):
        assert clock.monotonic() < deadline, f"no event {reason}"
        clock.sleep(1)


class TestHealthy:
    """Rollouts that succeed."""

    def test_it_ends_when_every_replica_is_ready(self, kube: Kube, make: Make, namespace: str) -> None:
        found, progress = make(WEB), Watched()
        apply_objects(kube, found)
        wait_healthy(kube, found, timeout=300, progress=progress, clock=Fast())  # type: ignore[arg-type]
        live = kube.get(DEPLOYMENT, "web", namespace)
        assert live is not None
        assert live["status"]["readyReplicas"] == 3
        assert progress.said[-1] == "3/3 ready"

    def test_several_services_are_waited_for_together(self, kube: Kube, make: Make) -> None:
        found, progress = make(WEB, API, WORKER), Watched()
        apply_objects(kube, found)
        wait_healthy(kube, found, timeout=300, progress=progress, clock=Fast())  # type: ignore[arg-type]
        assert progress.said[-1] == "all ready"

    def test_a_new_version_is_healthy_once_the_old_one_is_gone(self, kube: Kube, make: Make) -> None:
        deploy(kube, make(API))
        deploy(kube, make(replace(API, env={"LOG_LEVEL": "debug"})))

    def test_no_replicas_are_quickly_ready(self, kube: Kube, make: Make) -> None:
        deploy(kube, make(replace(API, replicas=0)))

    def test_nothing_to_wait_for(self, kube: Kube, make: Make) -> None:
        wait_healthy(kube, [one(make(API), "ServiceAccount")], timeout=0)


class TestHopeless:
    """Failures that waiting does not mend are told at once."""

    def test_an_image_that_cannot_be_pulled(self, kube: Kube, make: Make) -> None:
        found = make(API)
        pod = one(found, "Deployment")["spec"]["template"]["spec"]
        pod["containers"][0]["image"] = "registry.test/missing:1"
        message = failure(kube, found)
        assert message.startswith("api: 0 of 1 ready: ")
        assert "ImagePull" in message
        assert "registry.test/missing:1" in message or "not found" in message
        assert "events:\n    Failed: " in message

    def test_a_container_that_crashes_shows_its_code_and_its_last_words(self, kube: Kube, make: Make) -> None:
        message = failure(kube, play(make(WORKER), "crash", "\n".join(f"line {n}" for n in range(30))))
        first = message.splitlines()[0]
        assert first.startswith("worker: 0 of 1 ready: CrashLoopBackOff: the container exits with 1 (Error)")
        log = message.partition("  log:\n")[2].splitlines()
        assert log == [f"    line {n}" for n in range(20, 30)]

    def test_what_a_log_says_cannot_steer_a_terminal(self, kube: Kube, make: Make) -> None:
        message = failure(kube, play(make(WORKER), "crash", "\x1b[2J\x07 gone " + "x" * 1000))
        assert "\x1b" not in message
        assert "\x07" not in message
        assert max(map(len, message.splitlines())) < 400

    def test_a_configuration_that_is_missing(self, kube: Kube, make: Make) -> None:
        message = failure(kube, play(make(API), "config-error"))
        assert "CreateContainerConfigError" in message

    def test_the_version_before_is_no_reason_and_keeps_serving(
        self, kube: Kube, make: Make, namespace: str
    ) -> None:
        deploy(kube, make(API))
        message = failure(kube, play(make(replace(API, env={})), "crash"))
        assert message.startswith("api: 0 of 1 ready: CrashLoopBackOff")
        assert (kube.get(DEPLOYMENT, "api", namespace) or {})["status"]["availableReplicas"] == 1

    def test_a_bad_version_is_replaced_by_a_good_one(self, kube: Kube, make: Make) -> None:
        failure(kube, play(make(API), "crash"))
        deploy(kube, make(API))

    def test_only_what_failed_is_told(self, kube: Kube, make: Make) -> None:
        found = make(API, WORKER)
        play([one(found, "Deployment", "worker")], "crash")
        message = failure(kube, found)
        assert "worker: 0 of 1 ready" in message
        assert "api:" not in message


class TestOutOfTime:
    """Failures that may still mend are told when time is up."""

    def test_a_probe_that_keeps_failing_says_how(self, kube: Kube, make: Make, namespace: str) -> None:
        found = play(make(WEB), "not-ready", "listening on 127.0.0.1")
        apply_objects(kube, found)
        wait_for_event(kube, namespace, "Unhealthy")
        message = failure(kube, found, timeout=30)
        first, *rest = message.splitlines()
        assert first == (
            "web: 0 of 3 ready: Readiness probe failed: HTTP probe failed with statuscode: 503 "
            "(gave up after 30s)"
        )
        assert "    listening on 127.0.0.1" in rest

    def test_a_pod_that_no_node_takes(self, kube: Kube, make: Make, namespace: str) -> None:
        found = play(make(WORKER), "unschedulable")
        apply_objects(kube, found)
        wait_for_event(kube, namespace, "FailedScheduling")
        message = failure(kube, found, timeout=30)
        assert message.startswith("worker: 0 of 1 ready: FailedScheduling: 0/")
        assert "log:" not in message

    def test_a_deployment_that_somebody_deletes(self, kube: Kube, make: Make, namespace: str) -> None:
        found = make(API)
        apply_objects(kube, found)
        kube.delete(DEPLOYMENT, "api", namespace)
        with pytest.raises(UnhealthyError, match="the Deployment was deleted meanwhile"):
            wait_healthy(kube, found, timeout=300, clock=Fast())


def test_a_cluster_that_cannot_be_reached_is_waited_for_until_time_is_up(make: Make) -> None:
    clock = Jumping()
    access = KubeAccess(f"https://127.0.0.1:{free_port()}", None, lambda: None)
    with connect(access, clock=clock) as kube, pytest.raises(TemporaryError, match="connection refused"):
        wait_healthy(kube, make(API), timeout=60, progress=SILENT, clock=clock)
    assert 60 <= clock.now < 70
