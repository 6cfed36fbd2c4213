"""Pinned images become objects in a target's cluster, and a healthy rollout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clouddeploy.app.model import App, Target
from clouddeploy.manifests import render
from clouddeploy.progress import SILENT, Progress
from clouddeploy.seam.cluster import KubeAccess
from clouddeploy.seam.provider import Provider


@dataclass(frozen=True)
class Change:
    """What applying did to one object: created, configured or unchanged."""

    kind: str
    name: str
    action: str


def access(target: Target, provider: Provider) -> KubeAccess:
    """How to reach the target's cluster; NotFoundError when it is not there."""
    return provider.clusters.access(provider.cluster or target.settings.cluster.name)


def manifests(
    app: App, target: Target, provider: Provider, images: Mapping[str, str], release: str
) -> list[dict[str, Any]]:
    """The target's Kubernetes objects, with every image pinned."""
    return render(app, target, images, provider.traits, release=release)


def deploy(
    target: Target,
    provider: Provider,
    objects: list[dict[str, Any]],
    *,
    timeout: float | None,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> list[Change]:
    """Apply the objects and wait until they are healthy.

    `timeout` is in seconds; None does not wait. A dry run asks the cluster what would change
    and changes nothing. Raises UnhealthyError with the reason when the rollout fails.
    """
    from clouddeploy.kube.apply import apply_objects
    from clouddeploy.kube.client import connect
    from clouddeploy.kube.health import wait_healthy
    from clouddeploy.kube.unused import remove_unused_config

    with connect(access(target, provider)) as kube:
        applied = apply_objects(kube, objects, dry_run=dry_run)
        if timeout is not None and not dry_run:
            wait_healthy(kube, objects, timeout=timeout, progress=progress)
            remove_unused_config(kube, objects)
    return [Change(one.kind, one.name, one.action) for one in applied]
