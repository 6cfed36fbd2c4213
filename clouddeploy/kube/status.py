"""What of an app runs in a namespace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clouddeploy.kube.client import Kube, Object
from clouddeploy.kube.health import read_snapshot
from clouddeploy.kube.rollout import Snapshot, current_replica_set, judge
from clouddeploy.manifests.labels import RELEASE, ownership


@dataclass(frozen=True)
class ServiceStatus:
    """One service as it runs: `age` of its current version in seconds, `reason` why it is not ready.

    `image` is the full reference; `digest` is its `sha256:…`, empty when it is not pinned.
    """

    service: str
    image: str
    digest: str
    ready: int
    desired: int
    age: float
    release: str
    reason: str | None = None


def app_status(kube: Kube, app_name: str, namespace: str) -> list[ServiceStatus]:
    """The app's services in a namespace, by name; none when it is not deployed there."""
    snapshot = read_snapshot(kube, namespace, ownership(app_name))
    found = [_status(each, snapshot) for each in snapshot.deployments]
    return sorted(found, key=lambda each: each.service)


def _status(deployment: Object, snapshot: Snapshot) -> ServiceStatus:
    metadata, rollout = deployment["metadata"], judge(deployment, snapshot)
    image = _image(deployment)
    version = current_replica_set(deployment, snapshot.replica_sets) or deployment
    return ServiceStatus(
        service=str(metadata["name"]),
        image=image,
        digest=image.partition("@")[2],
        ready=rollout.ready,
        desired=rollout.desired,
        age=_age(version["metadata"]),
        release=str((metadata.get("annotations") or {}).get(RELEASE, "")),
        reason=rollout.trouble.reason if rollout.trouble else None,
    )


def _image(deployment: Object) -> str:
    """The image of the container named after the service, else of the first one."""
    containers: list[dict[str, Any]] = deployment["spec"]["template"]["spec"]["containers"]
    named = [each for each in containers if each["name"] == deployment["metadata"]["name"]]
    return str((named or containers)[0]["image"])


def _age(metadata: dict[str, Any]) -> float:
    created = datetime.fromisoformat(metadata["creationTimestamp"])
    return max(0.0, (datetime.now(UTC) - created).total_seconds())
