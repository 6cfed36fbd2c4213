"""EKS clusters that the credentials can see, and how to reach their Kubernetes API."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clouddeploy.contract import OWNER_TAG, Cluster, KubeAccess, State, Status
from clouddeploy.errors import NotFoundError, PreconditionError, TemporaryError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.session import Session
from clouddeploy_aws.tokens import mint

if TYPE_CHECKING:
    from mypy_boto3_eks.type_defs import ClusterTypeDef

_STATUS = {
    "ACTIVE": Status.READY,
    "UPDATING": Status.READY,
    "FAILED": Status.FAILED,
}


def find(session: Session, name: str) -> ClusterTypeDef | None:
    """The cluster as EKS describes it; None when there is none of this name."""
    with translated(f"describe the EKS cluster {name}"):
        try:
            return session.eks.describe_cluster(name=name)["cluster"]
        except session.eks.exceptions.ResourceNotFoundException:
            return None


def state_of(cluster: ClusterTypeDef) -> State:
    """EKS's status in our words; a failed cluster's health issues are the detail."""
    status = cluster.get("status", "")
    issues = cluster.get("health", {}).get("issues", [])
    told = "; ".join(f"{issue.get('code', '')}: {issue.get('message', '')}" for issue in issues)
    return State(_STATUS.get(status, Status.PENDING), told or status)


def owned(cluster: ClusterTypeDef) -> bool:
    """True when the cluster carries our tag with its own name."""
    return cluster.get("tags", {}).get(OWNER_TAG) == cluster.get("name")


class EksClusters:
    """The clusters of the target's account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> Sequence[Cluster]:
        """Every cluster in the region, sorted by name."""
        found = (find(self._session, name) for name in sorted(self._names()))
        return [_cluster(cluster) for cluster in found if cluster]

    def access(self, name: str) -> KubeAccess:
        """How to reach a cluster.

        Raises NotFoundError when there is none, TemporaryError while it is being created and
        PreconditionError when it has failed or is being deleted.
        """
        cluster = find(self._session, name)
        if cluster is None:
            raise NotFoundError(
                f"there is no EKS cluster {name} in {self._session.region}", fix=self._instead(name)
            )
        _reachable(name, cluster, self._session.target.name)
        encoded = cluster.get("certificateAuthority", {}).get("data", "")
        authority = base64.b64decode(encoded).decode()
        return KubeAccess(
            cluster.get("endpoint", ""), authority, lambda: mint(self._session, name), owned=owned(cluster)
        )

    def _names(self) -> Sequence[str]:
        with translated("list the EKS clusters"):
            pages = self._session.eks.get_paginator("list_clusters").paginate()
            return [name for page in pages for name in page["clusters"]]

    def _instead(self, name: str) -> str:
        others = ", ".join(sorted(self._names()))
        make = f"clouddeploy cluster create --to {self._session.target.name}"
        return f"{make}; or name one of: {others}" if others else make


def _reachable(name: str, cluster: ClusterTypeDef, target: str) -> None:
    status = cluster.get("status", "")
    if status in {"ACTIVE", "UPDATING"}:
        return
    if status in {"CREATING", "PENDING"}:
        raise TemporaryError(
            f"the EKS cluster {name} is being created", fix="it takes about 15 minutes; run it again then"
        )
    raise PreconditionError(
        f"the EKS cluster {name} is {status}: {state_of(cluster).detail}",
        fix=f"delete it and create it again: clouddeploy cluster delete --to {target}",
    )


def _cluster(cluster: ClusterTypeDef) -> Cluster:
    return Cluster(
        name=cluster.get("name", ""),
        state=state_of(cluster),
        version=cluster.get("version", ""),
        endpoint=cluster.get("endpoint", ""),
        owned=owned(cluster),
    )
