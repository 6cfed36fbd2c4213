"""Gives back what a cluster's own controllers have made in the cloud: load balancers and disks.

A cloud that deletes a cluster does not ask its controllers to clean up, so what belongs to a
Service, an Ingress, a Gateway or a volume claim would stay, and stay billed. Deleting those
objects first lets the controllers do it while they still run:
https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/#garbage-collecting-load-balancers
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clouddeploy.errors import TemporaryError
from clouddeploy.kube.client import Kube, Object
from clouddeploy.kube.clock import Clock
from clouddeploy.kube.kinds import (
    CLAIM,
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    GATEWAY,
    INGRESS,
    JOB,
    POD,
    REPLICA_SET,
    SERVICE,
    STATEFUL_SET,
    VOLUME,
    Kind,
)
from clouddeploy.progress import SILENT, Progress

PATIENCE = 300.0
"""Seconds until the cloud must have taken everything back; a load balancer takes one or two minutes."""
POLL = 2.0

_EVERYWHERE = "*"
_WORKLOADS = (CRON_JOB, JOB, STATEFUL_SET, DEPLOYMENT, DAEMON_SET, REPLICA_SET, POD)
_DELETE = "Delete"


@dataclass(frozen=True)
class Billed:
    """An object that stands for something billed."""

    kind: Kind
    namespace: str | None
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind.name} {place}{self.name}"


def find_billed(kube: Kube) -> list[Billed]:
    """The load balancers, Ingresses, Gateways and volume claims of all namespaces."""
    return [_billed(kind, each) for kind, each in _entrances(kube)] + [
        _billed(CLAIM, each) for each in kube.list(CLAIM, _EVERYWHERE)
    ]


def release_billed(kube: Kube, *, progress: Progress = SILENT, clock: Clock = time) -> list[Billed]:
    """Delete all that `find_billed` names and wait until the cloud has taken it back.

    What uses a claim is deleted too: a claim stays for as long as a pod mounts it. Volumes
    whose reclaim policy is Retain stay. Raises TemporaryError that names what is still there
    after five minutes.
    """
    found = find_billed(kube)
    deadline = clock.monotonic() + PATIENCE
    with progress.task("load balancers and volumes") as task:
        while left := [*_delete(kube), *_volumes(kube, found)]:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            task.say(f"waiting for {left[0]}{more}")
            if clock.monotonic() >= deadline:
                names = ", ".join(map(str, left))
                raise TemporaryError(
                    f"still there after {PATIENCE:.0f}s: {names}",
                    fix="see why the cluster's controllers keep it: kubectl describe",
                )
            clock.sleep(POLL)
        task.say(f"{len(found)} given back" if found else "none")
    return found


def _entrances(kube: Kube) -> Iterator[tuple[Kind, Object]]:
    for service in kube.list(SERVICE, _EVERYWHERE):
        if service["spec"].get("type") == "LoadBalancer":
            yield SERVICE, service
    for kind in (INGRESS, GATEWAY):
        for each in kube.list(kind, _EVERYWHERE):
            yield kind, each


def _delete(kube: Kube) -> list[Billed]:
    """Delete what is not being deleted yet; what is still there, deleted or not."""
    entrances = list(_entrances(kube))
    claims = [(CLAIM, each) for each in kube.list(CLAIM, _EVERYWHERE)]
    users = list(_users(kube)) if claims else []
    for kind, each in [*entrances, *users, *claims]:
        metadata = each["metadata"]
        if not metadata.get("deletionTimestamp"):
            kube.delete(kind, metadata["name"], metadata["namespace"])
    return [_billed(kind, each) for kind, each in [*entrances, *claims]]


def _users(kube: Kube) -> Iterator[tuple[Kind, Object]]:
    """Everything whose pods mount claims, the controllers before their pods."""
    for kind in _WORKLOADS:
        for each in kube.list(kind, _EVERYWHERE):
            if each["spec"].get("volumeClaimTemplates") or _mounts_claims(_pod_spec(each["spec"])):
                yield kind, each


def _pod_spec(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    job: Mapping[str, Any] = (spec.get("jobTemplate") or {}).get("spec") or spec
    inner: Mapping[str, Any] = (job.get("template") or {}).get("spec") or job
    return inner


def _mounts_claims(pod: Mapping[str, Any]) -> bool:
    return any(one.get("persistentVolumeClaim") or one.get("ephemeral") for one in pod.get("volumes") or ())


def _volumes(kube: Kube, claims: Sequence[Billed]) -> list[Billed]:
    """The volumes of these claims that the cloud is still deleting."""
    ours = {(one.namespace, one.name) for one in claims if one.kind is CLAIM}
    if not ours:
        return []
    return [_billed(VOLUME, each) for each in kube.list(VOLUME, _EVERYWHERE) if _goes(each["spec"], ours)]


def _goes(spec: Mapping[str, Any], claims: set[tuple[str | None, str]]) -> bool:
    claim = spec.get("claimRef") or {}
    goes = spec.get("persistentVolumeReclaimPolicy") == _DELETE
    return goes and (claim.get("namespace"), claim.get("name")) in claims


def _billed(kind: Kind, value: Object) -> Billed:
    return Billed(kind, value["metadata"].get("namespace"), value["metadata"]["name"])
