"""Newer Kubernetes versions, one minor at a time; in Auto Mode EKS then replaces the nodes itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError, TemporaryError
from clouddeploy_aws.clusters import state_of
from clouddeploy_aws.errors import translated
from clouddeploy_aws.session import Session
from clouddeploy_aws.steps.control_plane import find_ours
from clouddeploy_aws.steps.naming import ABSENT
from clouddeploy_aws.steps.versions import offered, order


class UpgradeStep:
    """The control plane on one version. ABSENT means that it runs an older one."""

    def __init__(self, session: Session, name: str, version: str) -> None:
        self._session = session
        self._name = name
        self._version = version
        self.title = f"Kubernetes {version}"

    def state(self) -> State:
        cluster = find_ours(self._session, self._name)
        if cluster is None:
            return ABSENT
        if cluster.get("status") == "UPDATING":
            return State(Status.PENDING, "UPDATING")
        found = state_of(cluster)
        if found.status is not Status.READY or order(cluster.get("version", "")) >= order(self._version):
            return found
        return State(Status.ABSENT, f"runs {cluster.get('version')}")

    def create(self) -> None:
        cluster = find_ours(self._session, self._name)
        life = cluster["createdAt"].isoformat() if cluster and "createdAt" in cluster else ""
        token = hashlib.sha256(f"{self._name} {life} {self._version}".encode()).hexdigest()
        try:
            with translated(f"upgrade the EKS cluster {self._name} to {self._version}"):
                self._session.eks.update_cluster_version(
                    name=self._name, version=self._version, clientRequestToken=token
                )
        except CloudDeployError as error:
            if error.code != "ResourceInUseException":
                raise
            raise TemporaryError(error.message, fix="wait until it is done", code=error.code) from error

    def delete(self) -> None:
        """Nothing: deleting the cluster is another step's work, and a version cannot go back."""


def next_version(session: Session, name: str) -> str:
    """The next minor that EKS offers, else the cluster's own; NotFoundError for a missing cluster."""
    current = _current(session, name)
    return next((one for one in offered(session) if order(one) > order(current)), current)


def upgrade_steps(session: Session, name: str, version: str | None) -> Sequence[UpgradeStep]:
    """One step for each minor up to `version`, or the next one that EKS offers; none for the newest.

    Raises NotFoundError for a missing cluster, ConfigError for a version that EKS does not offer
    or that is older than the cluster's.
    """
    current = _current(session, name)
    newer = [one for one in offered(session, version, also=current) if order(one) > order(current)]
    if version is None:
        return [UpgradeStep(session, name, one) for one in newer[:1]]
    if order(version) < order(current):
        raise ConfigError(
            f"the EKS cluster {name} runs {current}, and a version cannot go back to {version}",
            fix=f"use one of {', '.join(newer)}" if newer else "leave it as it is",
        )
    return [UpgradeStep(session, name, one) for one in newer if order(one) <= order(version)]


def _current(session: Session, name: str) -> str:
    cluster = find_ours(session, name)
    if cluster is None:
        raise NotFoundError(
            f"there is no EKS cluster {name} in {session.region}",
            fix=f"clouddeploy cluster create --to {session.target.name}",
        )
    return cluster.get("version", "")
