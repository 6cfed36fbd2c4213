"""Which images the objects of a cluster name: what runs, and what could be rolled back to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clouddeploy.kube.client import Kube, Object
from clouddeploy.kube.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    POD,
    REPLICA_SET,
    STATEFUL_SET,
    Kind,
)
from clouddeploy.kube.use import Use
from clouddeploy.manifests.labels import RELEASE

NAMING = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB, JOB, REPLICA_SET, POD)
"""Kinds that name images. A Deployment's earlier ReplicaSets are what it can be rolled back to."""

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


def used_images(kube: Kube) -> list[Use]:
    """Every image that any workload in any namespace names.

    Raises what the API raises: an answer that is not whole is no answer.
    """
    return [use for kind in NAMING for each in kube.everywhere(kind) for use in _uses(kind, each)]


def _uses(kind: Kind, value: Object) -> Iterator[Use]:
    metadata = value["metadata"]
    release = str((metadata.get("annotations") or {}).get(RELEASE, ""))
    for image in dict.fromkeys(_images(value)):
        yield Use(image, str(metadata.get("namespace", "")), kind.name, str(metadata["name"]), release)


def _images(value: Any) -> Iterator[str]:
    """The images of every pod specification inside, and the digests that a node found for them."""
    if isinstance(value, list):
        for one in value:
            yield from _images(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key in _CONTAINERS and isinstance(one, list):
                yield from (str(each["image"]) for each in one if each.get("image"))
            elif key in _STATUSES and isinstance(one, list):
                # containerd writes host/name@sha256:…, cri-dockerd puts docker-pullable:// before it.
                found = (str(each.get("imageID", "")).rpartition("://")[2] for each in one)
                yield from (each for each in found if "@sha256:" in each)
            else:
                yield from _images(one)
