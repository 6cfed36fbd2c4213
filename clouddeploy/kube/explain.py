"""Why a rollout failed, as a person would look it up: the reason, the events, the last log lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clouddeploy.errors import CloudDeployError, PullRefusedError, UnhealthyError
from clouddeploy.kube.client import Kube
from clouddeploy.kube.kinds import EVENT
from clouddeploy.kube.rollout import Object, Rollout, Trouble

EVENTS = 5
LOG_LINES = 10
_LONGEST = 300
_NO_TROUBLE = Trouble("there are no pods yet")
_PULLING = ("ErrImagePull", "ImagePullBackOff")
_NOT_LET_IN = re.compile(
    r"\b(?:401|403)\b|unauthorized|authentication required|access denied|no basic auth|insufficient_scope",
    re.IGNORECASE,
)
"""How registries, and containerd for them, say that somebody may not have an image."""


def unhealthy(
    kube: Kube, namespace: str, rollouts: Sequence[Rollout], waited: float | None
) -> UnhealthyError:
    """The error for rollouts that failed; `waited` seconds if it was time that ran out."""
    events = _events(kube, namespace)
    parts = [part for rollout in rollouts for part in _explained(kube, rollout, events)]
    names = ", ".join(rollout.name for rollout in rollouts)
    timed_out = f" (gave up after {waited:.0f}s)" if waited is not None else ""
    text = "\n".join([parts[0] + timed_out, *parts[1:]])
    if any(map(_pull_refused, rollouts)):
        return PullRefusedError(
            text,
            fix="let the cluster pull from this registry (clouddeploy doctor says whether it may, "
            "or give the namespace's service account a pull secret), and deploy again",
        )
    return UnhealthyError(text, fix=f"correct {names} and deploy again; see what runs: clouddeploy status")


def _pull_refused(rollout: Rollout) -> bool:
    reason = rollout.trouble.reason if rollout.trouble else ""
    return reason.startswith(_PULLING) and bool(_NOT_LET_IN.search(reason))


def _explained(kube: Kube, rollout: Rollout, events: Sequence[Object]) -> Iterator[str]:
    trouble = rollout.trouble or _NO_TROUBLE
    named = [each for each in events if _about(each, rollout, trouble)]
    reason = trouble.reason if trouble.hopeless else _probe_failure(named) or trouble.reason
    yield f"{rollout.name}: {rollout.ready} of {rollout.desired} ready: {_line(reason)}"
    if named:
        yield "  events:"
        yield from (f"    {_event(each)}" for each in named[-EVENTS:])
    if lines := _log(kube, trouble):
        yield "  log:"
        yield from (f"    {_line(each)}" for each in lines)


def _events(kube: Kube, namespace: str) -> list[Object]:
    """The namespace's events, oldest first; none when they cannot be read, for they only explain."""
    try:
        return sorted(kube.list(EVENT, namespace), key=_when)
    except CloudDeployError:
        return []


def _about(event: Object, rollout: Rollout, trouble: Trouble) -> bool:
    """Whether an event is a warning about the pod in trouble, or without one about its owners."""
    about = event.get("involvedObject", {})
    name = str(about.get("name", ""))
    if event.get("type") == "Normal":
        return False
    if trouble.pod is not None:
        return name == str(trouble.pod["metadata"]["name"])
    return about.get("kind") in ("Deployment", "ReplicaSet") and _belongs(name, rollout.name)


def _belongs(name: str, deployment: str) -> bool:
    """Whether `name` is the Deployment's, or `<deployment>-<hash>` of a ReplicaSet."""
    head, _, _ = name.rpartition("-")
    return deployment in (name, head)


def _probe_failure(events: Sequence[Object]) -> str | None:
    found = [str(each.get("message", "")) for each in events if each.get("reason") == "Unhealthy"]
    return found[-1] if found else None


def _log(kube: Kube, trouble: Trouble) -> Sequence[str]:
    if trouble.pod is None or trouble.container is None:
        return ()
    lines = kube.log(trouble.pod, trouble.container, lines=LOG_LINES, previous=trouble.restarted)
    return lines or kube.log(trouble.pod, trouble.container, lines=LOG_LINES)


def _event(event: Object) -> str:
    count = int(event.get("count") or 1)
    times = f" ({count} times)" if count > 1 else ""
    return f"{event.get('reason', '')}: {_line(str(event.get('message', '')))}{times}"


def _when(event: Object) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])


def _line(text: str) -> str:
    """One line of bounded length that cannot steer a terminal; the middle goes: a cause stands last."""
    flat = " ".join(text.split())
    clean = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in flat)
    if len(clean) <= _LONGEST:
        return clean
    half = (_LONGEST - 1) // 2
    return f"{clean[: _LONGEST - 1 - half]}\N{HORIZONTAL ELLIPSIS}{clean[-half:]}"
