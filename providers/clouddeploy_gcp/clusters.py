"""GKE clusters that the credentials can see, and how to reach their Kubernetes API."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from clouddeploy.contract import Cluster, KubeAccess, Token
from clouddeploy.errors import ConfigError, NotFoundError, PreconditionError, TemporaryError
from clouddeploy_gcp.errors import translated
from clouddeploy_gcp.records import GkeCluster, cluster_of
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.naming import LABEL

_REACHABLE = {"RUNNING", "RECONCILING", "DEGRADED"}


def in_region(location: str, region: str) -> bool:
    """Whether a location is a region or one of its zones."""
    return location == region or location.startswith(f"{region}-")


def every(session: Session) -> Sequence[GkeCluster]:
    """The clusters of the target's region and its zones, sorted by name.

    Raises TemporaryError while GKE cannot tell about one of the zones: what seems absent may be there.
    """
    answer = _everywhere(session)
    missing = [zone for zone in answer.get("missingZones", []) if in_region(zone, session.region)]
    if missing:
        raise TemporaryError(
            f"GKE cannot tell at the moment which clusters are in {', '.join(missing)}",
            fix="run it again in a minute",
        )
    found = (cluster_of(one) for one in answer.get("clusters", []))
    mine = [one for one in found if in_region(one.location, session.region)]
    return sorted(mine, key=lambda one: (one.name, one.location))


def find(session: Session, name: str) -> GkeCluster | None:
    """The cluster of this name in the region or one of its zones, ours before others; None for none.

    Of several, the one in the very place that the target names. ConfigError where that leaves several and
    it matters: names of GKE are taken once in each location.
    """
    found = [one for one in every(session) if one.name == name]
    ours = [one for one in found if owned(one)]
    meant = found if session.target.existing else ours or found[:1]
    place = session.zone or session.region
    chosen = [one for one in meant if one.location == place] or meant
    if len(chosen) > 1:
        raise _several(session, name, [one.location for one in chosen])
    return chosen[0] if chosen else None


def lives_elsewhere(session: Session, name: str) -> bool:
    """Whether another region has a cluster of this name, or GKE cannot tell about one of its zones."""
    answer = _everywhere(session)
    mine = [cluster_of(one) for one in answer.get("clusters", [])]
    places = [one.location for one in mine if one.name == name]
    return any(not in_region(one, session.region) for one in (*places, *answer.get("missingZones", [])))


def _everywhere(session: Session) -> Mapping[str, Any]:
    with translated(f"list the GKE clusters of {session.project}"):
        return session.sdk.container("list_clusters", {"parent": session.parent("-")})


def _several(session: Session, name: str, locations: Sequence[str]) -> ConfigError:
    places = " or ".join(f"region: {one}" for one in locations)
    return ConfigError(
        f"there are {len(locations)} GKE clusters {name} in {session.region}: in {', '.join(locations)}",
        fix=f"say in target {session.target.name} which: {places}",
    )


def owned(cluster: GkeCluster) -> bool:
    """True when the cluster carries our label with its own name."""
    return cluster.labels.get(LABEL) == cluster.name


class GkeClusters:
    """The clusters of the target's project and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> Sequence[Cluster]:
        """Every cluster in the region and its zones, sorted by name."""
        return [_cluster(one) for one in every(self._session)]

    def access(self, name: str) -> KubeAccess:
        """How to reach a cluster; its credential is an OAuth access token, renewed when it is asked for.

        Raises NotFoundError when there is none, TemporaryError while it is being created and
        PreconditionError when it has failed or is being deleted.
        """
        cluster = find(self._session, name)
        if cluster is None:
            where = f"{self._session.region} of project {self._session.project}"
            raise NotFoundError(f"there is no GKE cluster {name} in {where}", fix=self._instead(name))
        self._reachable(cluster)
        authority = base64.b64decode(cluster.authority).decode()
        return KubeAccess(_server(cluster.endpoint), authority, self._credential, owned=owned(cluster))

    def _credential(self) -> Token:
        return self._session.token()

    def _reachable(self, cluster: GkeCluster) -> None:
        if cluster.status in _REACHABLE:
            return
        if cluster.status == "PROVISIONING":
            raise TemporaryError(
                f"the GKE cluster {cluster.name} is being created",
                fix="it takes about 5 to 10 minutes; run it again then",
            )
        raise PreconditionError(
            f"the GKE cluster {cluster.name} is {cluster.status}: {cluster.state.detail}",
            fix=f"delete it and create it again: clouddeploy cluster delete --to {self._session.target.name}",
        )

    def _instead(self, name: str) -> str:
        others = ", ".join(one.name for one in every(self._session))
        make = f"clouddeploy cluster create --to {self._session.target.name}"
        return f"{make}; or name one of: {others}" if others else make


def _server(endpoint: str) -> str:
    return f"https://{endpoint}" if endpoint else ""


def _cluster(cluster: GkeCluster) -> Cluster:
    return Cluster(
        name=cluster.name,
        state=cluster.state,
        version=cluster.version,
        endpoint=_server(cluster.endpoint),
        owned=owned(cluster),
    )
