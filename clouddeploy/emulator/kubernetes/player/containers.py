"""Container statuses, and what the kubelet says about containers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.player.world import timestamp

Json = dict[str, Any]


def waiting(spec: Json, reason: str, message: str = "") -> Json:
    """A container that has not started."""
    state = {"reason": reason} | ({"message": message} if message else {})
    return _status(spec, {"waiting": state}, {}, 0)


def running(spec: Json, *, ready: bool, before: Json, restarts: int) -> Json:
    """A container that runs; `before` is how its last run ended."""
    digest = _digest(f"{spec['name']} {restarts} {timestamp()}")
    status = _status(spec, {"running": {"startedAt": timestamp()}}, before, restarts)
    identity = {"imageID": image_id(spec["image"]), "containerID": f"containerd://{digest}"}
    return status | identity | {"ready": ready, "started": True}


def _status(spec: Json, state: Json, before: Json, restarts: int) -> Json:
    return {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": restarts,
        "state": state,
        "lastState": before,
    }


def ended(state: Json, code: int) -> Json:
    """The same container after it has exited."""
    start = state["state"].get("running", {}).get("startedAt", timestamp())
    end: Json = {"exitCode": code, "reason": "Error" if code else "Completed"}
    end |= {"startedAt": start, "finishedAt": timestamp(), "containerID": state.get("containerID", "")}
    return {**state, "ready": False, "started": False, "state": {"terminated": end}}


def crash_loop(state: Json, pod: Json) -> Json:
    """A container that has exited and waits to be started again."""
    delay = _delay(state["restartCount"])
    text = f"back-off {delay} restarting failed container={state['name']} pod={_pod(pod)}"
    return {
        **state,
        "lastState": state["state"],
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": text}},
    }


def _delay(restarts: int) -> str:
    """10 s, doubled with each restart up to 5 minutes, as Go writes it."""
    seconds = min(10 * 2**restarts, 300)
    return f"{seconds // 60}m{seconds % 60}s" if seconds >= 60 else f"{seconds}s"


def back_off(spec: Json, pod: Json) -> str:
    """The message of the event BackOff for a container that crashed."""
    return f"Back-off restarting failed container {spec['name']} in pod {_pod(pod)}"


def _pod(pod: Json) -> str:
    metadata = pod["metadata"]
    return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"


def pulled(image: str, seconds: float) -> str:
    """The message of the event Pulled."""
    time = f"{int(seconds * 1000)}ms"
    size = "Image size: 1048576 bytes."
    return f'Successfully pulled image "{image}" in {time} ({time} including waiting). {size}'


def probe_failure(spec: Json, address: str) -> str:
    """The message of the event Unhealthy."""
    probe = spec.get("readinessProbe") or {}
    if "httpGet" in probe:
        return "Readiness probe failed: HTTP probe failed with statuscode: 503"
    if "tcpSocket" in probe:
        port = probe["tcpSocket"].get("port")
        return f"Readiness probe failed: dial tcp {address}:{port}: connect: connection refused"
    return "Readiness probe failed: "


def is_waiting(pod: Json) -> bool:
    """Whether some container of a pod waits."""
    return any("waiting" in state["state"] for state in pod["status"]["containerStatuses"])


def waits(pod: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Reason and message of a waiting container; empty when it does not wait."""
    state = next(s["state"] for s in pod["status"]["containerStatuses"] if s["name"] == name)
    found = state.get("waiting") or {}
    return found.get("reason", ""), found.get("message", "")


def image_id(image: str) -> str:
    """`repository@digest`: the image's own digest, or one that stands for its name."""
    name, _, digest = image.partition("@")
    head, colon, tag = name.rpartition(":")
    repository = head if colon and "/" not in tag else name
    return f"{repository}@{digest or 'sha256:' + _digest(image)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
