"""Plays the kubelet: takes pods from Pending to Ready, or to the failure that is their fate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from clouddeploy.emulator.kubernetes.play import Fate, fate
from clouddeploy.emulator.kubernetes.player import containers as c
from clouddeploy.emulator.kubernetes.player.events import Recorder
from clouddeploy.emulator.kubernetes.player.references import missing_reference
from clouddeploy.emulator.kubernetes.player.world import World, condition, ending, timestamp

Json = dict[str, Any]

_PULL = 0.05  # seconds that a played pull takes
_PROBE = 0.1  # seconds until a readiness probe has succeeded, and between failing ones
_LIFE = 0.1  # seconds that a crashing container lives
_RETRY = 0.5  # seconds between pulls that fail
_END = 0.05  # seconds that a container takes to stop
_LONGEST_BACK_OFF = 10.0


class Kubelet:
    """One step for each pod in each pass; what comes later is asked of the world's timers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events = Recorder(world, "kubelet", "node-1")
        self._addresses = count(2)

    def reconcile(self) -> None:
        for pod in self._world.all("pods"):
            if pod["spec"].get("nodeName") in self._world.nodes:
                self._step(pod)

    def _step(self, pod: Json) -> None:
        if ending(pod):
            if self._world.due(pod, "end", _END):
                self._world.delete("pods", pod, gracePeriodSeconds=0)
            return
        phase = (pod.get("status") or {}).get("phase")
        if phase in ("Succeeded", "Failed"):
            return
        if not (pod.get("status") or {}).get("containerStatuses"):
            self._create(pod)
        elif phase == "Running":
            self._live(pod)
        else:
            self._start(pod)

    def _create(self, pod: Json) -> None:
        """The sandbox: an address, and containers that wait."""
        number = next(self._addresses)
        address = f"10.244.{number // 250}.{number % 250 + 2}"
        status = {
            "phase": "Pending",
            "hostIP": "10.0.0.1",
            "hostIPs": [{"ip": "10.0.0.1"}],
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": timestamp(),
            "qosClass": (pod.get("status") or {}).get("qosClass", "BestEffort"),
            "containerStatuses": [c.waiting(spec, "ContainerCreating") for spec in pod["spec"]["containers"]],
        }
        self._world.set_status("pods", pod, _with_conditions(pod, status, ready=False))
        self._events_of(pod, lambda spec: ("Pulling", f'Pulling image "{spec["image"]}"'))

    def _start(self, pod: Json) -> None:
        """Pull the images, read the configuration, start the containers."""
        if not self._world.due(pod, "pull", _PULL):
            return
        for spec in pod["spec"]["containers"]:
            if problem := self._world.check_image(spec["image"]):
                self._cannot_pull(pod, spec, problem)
                return
        if problem := self._missing(pod):
            self._cannot_configure(pod, problem)
            return
        self._events_of(pod, lambda spec: ("Pulled", c.pulled(spec["image"], _PULL)))
        self._run(pod)

    def _run(self, pod: Json, restarts: int = 0) -> None:
        self._events_of(pod, lambda spec: ("Created", f"Created container: {spec['name']}"))
        self._events_of(pod, lambda spec: ("Started", f"Started container {spec['name']}"))
        specs = pod["spec"]["containers"]
        ready = fate(pod) == "run" and not any(spec.get("readinessProbe") for spec in specs)
        states = [
            c.running(spec, ready=ready, before=_before(pod, spec), restarts=restarts) for spec in specs
        ]
        status = {**pod["status"], "phase": "Running", "containerStatuses": states}
        self._world.forget_timers(pod, "probe", "life", "back-off")
        self._world.set_status("pods", pod, _with_conditions(pod, status, ready=ready))

    def _live(self, pod: Json) -> None:
        if c.is_waiting(pod):
            self._back_off(pod)
        elif condition(pod, "Ready").get("status") != "True":
            _LIVES.get(fate(pod), Kubelet._probe)(self, pod)

    def _probe(self, pod: Json) -> None:
        if not self._world.due(pod, "probe", _PROBE):
            return
        states = [{**state, "ready": True} for state in pod["status"]["containerStatuses"]]
        status = {**pod["status"], "containerStatuses": states}
        self._world.set_status("pods", pod, _with_conditions(pod, status, ready=True))

    def _stay_unready(self, pod: Json) -> None:
        if not self._world.due(pod, "probe", _PROBE):
            return
        self._world.forget_timers(pod, "probe")
        self._world.due(pod, "probe", 1)
        for spec in pod["spec"]["containers"]:
            self._events.warn(pod, "Unhealthy", c.probe_failure(spec, pod["status"]["podIP"]))

    def _complete(self, pod: Json) -> None:
        if not self._world.due(pod, "life", _LIFE):
            return
        states = [c.ended(state, 0) for state in pod["status"]["containerStatuses"]]
        status = {**pod["status"], "phase": "Succeeded", "containerStatuses": states}
        self._world.set_status("pods", pod, _with_conditions(pod, status, ready=False))

    def _crash(self, pod: Json) -> None:
        if not self._world.due(pod, "life", _LIFE):
            return
        ended = [c.ended(state, 1) for state in pod["status"]["containerStatuses"]]
        if pod["spec"]["restartPolicy"] == "Never":
            status = {**pod["status"], "phase": "Failed", "containerStatuses": ended}
        else:
            states = [c.crash_loop(state, pod) for state in ended]
            status = {**pod["status"], "containerStatuses": states}
        for spec in pod["spec"]["containers"]:
            self._events.warn(pod, "BackOff", c.back_off(spec, pod))
        self._world.set_status("pods", pod, _with_conditions(pod, status, ready=False))

    def _back_off(self, pod: Json) -> None:
        restarts = max(state["restartCount"] for state in pod["status"]["containerStatuses"])
        if self._world.due(pod, "back-off", min(0.3 * 2**restarts, _LONGEST_BACK_OFF)):
            self._run(pod, restarts + 1)

    def _cannot_pull(self, pod: Json, spec: Json, problem: str) -> None:
        image = spec["image"]
        reason, text = c.waits(pod, spec["name"])
        if not self._world.due(pod, f"retry {reason}", _RETRY if "Pull" in reason else 0):
            return
        self._world.forget_timers(pod, f"retry {reason}")
        if reason == "ErrImagePull":
            text = f'Back-off pulling image "{image}": ErrImagePull: {problem}'
            self._events.normal(pod, "BackOff", f'Back-off pulling image "{image}"')
            self._events.warn(pod, "Failed", "Error: ImagePullBackOff")
            self._wait(pod, spec, "ImagePullBackOff", text)
        else:
            self._events.warn(pod, "Failed", f'Failed to pull image "{image}": {problem}')
            self._events.warn(pod, "Failed", "Error: ErrImagePull")
            self._wait(pod, spec, "ErrImagePull", problem)

    def _missing(self, pod: Json) -> str | None:
        if fate(pod) == "config-error":
            return f'secret "{pod["spec"]["containers"][0]["name"]}" not found'
        return missing_reference(self._world.client, pod)

    def _cannot_configure(self, pod: Json, problem: str) -> None:
        self._world.again(_RETRY)
        spec = pod["spec"]["containers"][0]
        if c.waits(pod, spec["name"]) != ("CreateContainerConfigError", problem):
            self._events.warn(pod, "Failed", f"Error: {problem}")
            self._wait(pod, spec, "CreateContainerConfigError", problem)

    def _wait(self, pod: Json, spec: Json, reason: str, message: str) -> None:
        states = [
            c.waiting(spec, reason, message) if state["name"] == spec["name"] else state
            for state in pod["status"]["containerStatuses"]
        ]
        self._world.again(_RETRY)
        self._world.set_status("pods", pod, {**pod["status"], "containerStatuses": states})

    def _events_of(self, pod: Json, say: Callable[[Json], tuple[str, str]]) -> None:
        for spec in pod["spec"]["containers"]:
            self._events.normal(pod, *say(spec))


_LIVES: Mapping[Fate, Callable[[Kubelet, Json], None]] = {
    "crash": Kubelet._crash,
    "complete": Kubelet._complete,
    "not-ready": Kubelet._stay_unready,
}


def _before(pod: Json, spec: Json) -> Json:
    """How the container's last run ended."""
    states = pod["status"].get("containerStatuses") or []
    return next((s.get("lastState") or {} for s in states if s["name"] == spec["name"]), {})


def _with_conditions(pod: Json, status: Json, *, ready: bool) -> Json:
    """The status with the five conditions of a pod that has a node."""
    unready = [state["name"] for state in status["containerStatuses"] if not state["ready"]]
    why = {} if ready else {"reason": "ContainersNotReady"}
    if status["phase"] == "Succeeded":
        why = {"reason": "PodCompleted"}
    elif not ready:
        why["message"] = f"containers with unready status: [{' '.join(unready)}]"
    started = status["phase"] != "Pending"
    kinds = {
        "PodReadyToStartContainers": (started, {}),
        "Initialized": (True, {}),
        "Ready": (ready, why),
        "ContainersReady": (ready, why),
        "PodScheduled": (True, {}),
    }
    conditions = [_condition(pod, kind, holds, more) for kind, (holds, more) in kinds.items()]
    return {**status, "conditions": conditions}


def _condition(pod: Json, kind: str, holds: bool, more: Mapping[str, str]) -> Json:
    status = "True" if holds else "False"
    known = condition(pod, kind)
    time = known["lastTransitionTime"] if known.get("status") == status else timestamp()
    return {"type": kind, "status": status, "lastTransitionTime": time, **more}
