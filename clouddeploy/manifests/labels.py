"""The labels and annotations that say whose an object is.

Ownership is managed-by and part-of together: nothing without both is ever changed or
deleted. Selectors use name and part-of only, because a Deployment's selector is immutable.
https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
"""

from __future__ import annotations

from collections.abc import Mapping

MANAGER = "clouddeploy"

NAME = "app.kubernetes.io/name"
PART_OF = "app.kubernetes.io/part-of"
MANAGED_BY = "app.kubernetes.io/managed-by"

RELEASE = "clouddeploy.dev/release"
"""Annotation with the id of the release that an object was last applied by."""


def selector(app: str, service: str) -> dict[str, str]:
    """What selects the pods of a service; never changes for as long as the service lives."""
    return {NAME: service, PART_OF: app}


def ownership(app: str) -> dict[str, str]:
    """What selects everything that clouddeploy made for an app."""
    return {PART_OF: app, MANAGED_BY: MANAGER}


def labels(app: str, name: str) -> dict[str, str]:
    """The labels of one object; `name` is its service, or the app for what all services share."""
    return {NAME: name, **ownership(app)}


def owned(metadata: Mapping[str, object], app: str) -> bool:
    """Whether an object with this metadata was made by clouddeploy for this app."""
    found = metadata.get("labels")
    return isinstance(found, Mapping) and ownership(app).items() <= found.items()
