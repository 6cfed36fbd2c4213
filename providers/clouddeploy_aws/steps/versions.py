"""The Kubernetes versions that EKS offers."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from clouddeploy.errors import ConfigError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.session import Session


def offered(session: Session, wanted: str | None = None, also: str = "") -> Sequence[str]:
    """Every version on offer, oldest first; ConfigError when `wanted` is neither one nor `also`."""
    with translated("list the Kubernetes versions of EKS"):
        answer = session.eks.describe_cluster_versions()
    found = sorted((one.get("clusterVersion", "") for one in answer["clusterVersions"]), key=order)
    if wanted is None or wanted in {*found, also}:
        return found
    near = difflib.get_close_matches(wanted, found, n=1, cutoff=0)[0]
    raise ConfigError(
        f"EKS offers no Kubernetes {wanted}; the nearest is {near}", fix=f"use one of {', '.join(found)}"
    )


def order(version: str) -> tuple[int, ...]:
    """A key that sorts versions: 1.9 before 1.10."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())
