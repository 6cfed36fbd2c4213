"""Pinned images become objects in a target's cluster, and a healthy rollout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from clouddeploy.app.model import App, Target
from clouddeploy.errors import PullRefusedError
from clouddeploy.manifests import render
from clouddeploy.progress import SILENT, Progress
from clouddeploy.release.pulls import Pulling, let_pull
from clouddeploy.seam.cluster import KubeAccess
from clouddeploy.seam.provider import Provider


@dataclass(frozen=True)
class Change:
    """What applying did to one object: created, configured or unchanged."""

    kind: str
    name: str
    action: str


@dataclass(frozen=True)
class Deployed:
    """What a deploy did, or would do."""

    changes: list[Change]
    pulling: Pulling


def access(target: Target, provider: Provider) -> KubeAccess:
    """How to reach the target's cluster.

    Raises NotFoundError when it is not there, and ForeignResourceError when others made it and the target
    does not call it existing: an app's name is its cluster's, so two may meet by chance.
    """
    from clouddeploy.clusters import foreign

    name = cluster_of(target, provider)
    found = provider.clusters.access(name)
    if found.owned is False and not target.settings.existing:
        raise foreign(name, "; or choose another cluster: {name: …}")
    return found


def cluster_of(target: Target, provider: Provider) -> str:
    """The name under which the provider knows the target's cluster."""
    return provider.cluster or target.settings.cluster.name


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
) -> Deployed:
    """Let the cluster pull, apply the objects and wait until they are healthy.

    `timeout` is in seconds; None does not wait. A dry run asks the cluster what would change
    and changes nothing. Raises UnhealthyError with the reason when the rollout fails.
    """
    from clouddeploy.kube.apply import apply_objects
    from clouddeploy.kube.client import connect
    from clouddeploy.kube.health import wait_healthy
    from clouddeploy.kube.unused import remove_unused_config

    with connect(access(target, provider)) as kube:
        pulling = let_pull(provider, cluster_of(target, provider), dry_run=dry_run, progress=progress)
        applied = apply_objects(kube, objects, dry_run=dry_run)
        if timeout is not None and not dry_run:
            with _explained_by(pulling):
                wait_healthy(kube, objects, timeout=timeout, progress=progress)
            remove_unused_config(kube, objects)
    return Deployed([Change(one.kind, one.name, one.action) for one in applied], pulling)


@contextmanager
def _explained_by(pulling: Pulling) -> Iterator[None]:
    """A pull that is refused is mended by what could not be done for it before."""
    try:
        yield
    except PullRefusedError as error:
        if pulling.refused:
            error.fix = pulling.refused.fix
        raise
