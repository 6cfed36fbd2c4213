"""Removes an app: what carries its labels, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy.kube.client import Kube
from clouddeploy.kube.clock import Clock
from clouddeploy.kube.kinds import APPLIED, CLAIM, NAMESPACE, POD, REPLICA_SET, Kind
from clouddeploy.kube.namespace import foreign_objects
from clouddeploy.manifests.labels import owned, ownership
from clouddeploy.progress import SILENT, Progress, Task

PATIENCE = 300.0
"""Seconds until what is being deleted must be gone: pods end, load balancers are given back."""
POLL = 1.0

_KINDS = tuple(kind for kind in reversed(APPLIED) if kind.namespaced and kind is not CLAIM)
_DERIVED = (REPLICA_SET, POD)
_Found = tuple[Kind, str]


def remove_app(  # noqa: PLR0913 - what, where, and the four ways to do it
    kube: Kube,
    app_name: str,
    namespace: str,
    *,
    volumes: bool = False,
    dry_run: bool = False,
    progress: Progress = SILENT,
    clock: Clock = time,
) -> list[str]:
    """Delete the app's objects and wait until they are gone: "Deployment/web", … in that order.

    Volumes, and so the data in them, stay unless `volumes` says otherwise. The namespace goes too
    if clouddeploy made it for this app and nothing is left in it. Storage classes stay: other apps
    may use them. Empty when there is nothing to delete. Raises TemporaryError when something is still there
    after five minutes; running it again goes on.
    """
    kinds = (*_KINDS, CLAIM) if volumes else _KINDS
    found = list(_own(kube, app_name, namespace, kinds))
    with progress.task("remove") as task:
        if not dry_run:
            for kind, name in found:
                kube.delete(kind, name, namespace)
            _wait_gone(kube, app_name, namespace, (*kinds, *_DERIVED), task, clock)
        removed = [f"{kind.name}/{name}" for kind, name in found]
        stays = next(_own(kube, app_name, namespace, () if volumes else (CLAIM,)), None)
        if stays:
            task.say(f"namespace {namespace} stays: {CLAIM.name}/{stays[1]} has data")
        elif _removable(kube, app_name, namespace, task):
            removed.append(f"{NAMESPACE.name}/{namespace}")
            if not dry_run:
                _remove_namespace(kube, namespace, task, clock)
    return removed


def _own(kube: Kube, app: str, namespace: str, kinds: Sequence[Kind]) -> Iterator[_Found]:
    for kind in kinds:
        for each in kube.list(kind, namespace, ownership(app)):
            yield kind, str(each["metadata"]["name"])


def _wait_gone(kube: Kube, app: str, namespace: str, kinds: Sequence[Kind], task: Task, clock: Clock) -> None:
    """Wait for the objects, and for what the cluster's garbage collector deletes after them."""
    deadline = clock.monotonic() + PATIENCE
    while left := [f"{kind.name}/{name}" for kind, name in _own(kube, app, namespace, kinds)]:
        _wait(left, deadline, task, clock)


def _remove_namespace(kube: Kube, namespace: str, task: Task, clock: Clock) -> None:
    deadline = clock.monotonic() + PATIENCE
    kube.delete(NAMESPACE, namespace)
    while kube.get(NAMESPACE, namespace):
        _wait([f"{NAMESPACE.name}/{namespace}"], deadline, task, clock)


def _wait(left: Sequence[str], deadline: float, task: Task, clock: Clock) -> None:
    task.say(f"waiting for {left[0]}" + (f" and {len(left) - 1} more" if len(left) > 1 else ""))
    if clock.monotonic() >= deadline:
        raise TemporaryError(
            f"{', '.join(left)} is still being deleted after {PATIENCE:.0f}s",
            fix="run the same command again: it goes on where it stopped",
        )
    clock.sleep(POLL)


def _removable(kube: Kube, app: str, namespace: str, task: Task) -> bool:
    """Whether the namespace is ours and holds nothing but the app; in doubt it stays."""
    try:
        live = kube.get(NAMESPACE, namespace)
        if live is None or not owned(live["metadata"], app) or live["metadata"].get("deletionTimestamp"):
            return False
        foreign = next(foreign_objects(kube, namespace, app), None)
    except CloudDeployError as error:
        task.say(f"namespace {namespace} stays: {error.message}")
        return False
    if foreign:
        task.say(f"namespace {namespace} stays: {foreign} is not clouddeploy's")
    return foreign is None
