"""The Kubernetes versions that EKS offers, and those that a new cluster may have.

Source: EKS user guide, "Understand the Kubernetes version lifecycle on EKS".
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clouddeploy.errors import ConfigError
from clouddeploy_aws.costs import control_plane_monthly
from clouddeploy_aws.errors import translated
from clouddeploy_aws.session import Session

if TYPE_CHECKING:
    from mypy_boto3_eks.type_defs import ClusterVersionInformationTypeDef


def offered(session: Session, wanted: str | None = None, also: str = "") -> Sequence[str]:
    """Every version on offer, oldest first; ConfigError when `wanted` is neither one nor `also`."""
    found = [_minor(one) for one in _listed(session)]
    if wanted is None or wanted in {*found, also}:
        return found
    raise _unknown(wanted, found)


def check_creatable(session: Session, wanted: str) -> None:
    """ConfigError for a version that EKS does not offer, or whose standard support has ended."""
    found = _listed(session)
    standard = [_minor(one) for one in found if one.get("versionStatus") != "EXTENDED_SUPPORT"]
    if wanted in standard:
        return
    if wanted not in {_minor(one) for one in found}:
        raise _unknown(wanted, standard)
    before, after = (round(control_plane_monthly(extended=extended)) for extended in (False, True))
    raise ConfigError(
        f"Kubernetes {wanted} is in extended support, where the control plane costs {after} USD a month "
        f"instead of {before}",
        fix=f"use one of {', '.join(standard)}",
    )


def order(version: str) -> tuple[int, ...]:
    """A key that sorts versions: 1.9 before 1.10."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _listed(session: Session) -> list[ClusterVersionInformationTypeDef]:
    with translated("list the Kubernetes versions of EKS"):
        pages = session.eks.get_paginator("describe_cluster_versions").paginate()
        found = [one for page in pages for one in page["clusterVersions"]]
    return sorted(found, key=lambda one: order(_minor(one)))


def _minor(version: ClusterVersionInformationTypeDef) -> str:
    return version.get("clusterVersion", "")


def _unknown(wanted: str, found: Sequence[str]) -> ConfigError:
    near = difflib.get_close_matches(wanted, found, n=1, cutoff=0)[0]
    return ConfigError(
        f"EKS offers no Kubernetes {wanted}; the nearest is {near}", fix=f"use one of {', '.join(found)}"
    )
