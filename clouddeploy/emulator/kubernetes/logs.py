"""What a played container has written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy.emulator.kubernetes import status
from clouddeploy.emulator.kubernetes.play import LOG, fate

Json = Mapping[str, Any]


def container_log(pod: Json, query: Mapping[str, str]) -> str:
    """The answer of pods/log. Raises ApiError 400 for a container that has none, as the kubelet does."""
    name, container = pod["metadata"]["name"], _container(pod, query.get("container", ""))
    state = _state(pod, container)
    if state is None:
        return ""
    waiting = (state.get("state") or {}).get("waiting")
    ended = (state.get("lastState") or {}).get("terminated")
    started = not waiting or ended or state.get("restartCount")
    if not started:
        reason = waiting.get("reason", "ContainerCreating") if waiting else ""
        why = "trying and failing to pull image" if "Pull" in reason else f"waiting to start: {reason}"
        raise status.bad_request(f'container "{container}" in pod "{name}" is {why}')
    if query.get("previous", "") in ("1", "true") and not ended:
        text = f'previous terminated container "{container}" in pod "{name}" not found'
        raise status.bad_request(text)
    return _tail(_text(pod, container), query.get("tailLines"))


def _container(pod: Json, wanted: str) -> str:
    names = [container["name"] for container in pod["spec"]["containers"]]
    names += [container["name"] for container in pod["spec"].get("initContainers") or []]
    if not wanted and len(pod["spec"]["containers"]) == 1:
        return str(names[0])
    name = pod["metadata"]["name"]
    if not wanted:
        choices = " ".join(names)
        text = f"a container name must be specified for pod {name}, choose one of: [{choices}]"
        raise status.bad_request(text)
    if wanted not in names:
        raise status.bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


def _state(pod: Json, container: str) -> Json | None:
    states = pod.get("status", {}).get("containerStatuses") or []
    return next((state for state in states if state["name"] == container), None)


def _text(pod: Json, container: str) -> str:
    annotations = pod["metadata"].get("annotations") or {}
    if LOG in annotations:
        return str(annotations[LOG]).rstrip("\n") + "\n"
    if fate(pod) == "crash":
        return (
            f"{container}: starting\n{container}: fatal: the emulator was asked to let this container crash\n"
        )
    return f"{container}: starting\n{container}: ready\n"


def _tail(text: str, lines: str | None) -> str:
    if lines is None:
        return text
    return "".join(text.splitlines(keepends=True)[-int(lines) :] if int(lines) else [])
