"""DOKS clusters that the token can see, and how to reach their Kubernetes API."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from clouddeploy.contract import Cluster, KubeAccess, Secret, State, Status, Token
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_digitalocean import records
from clouddeploy_digitalocean.names import foreign, owner_tag
from clouddeploy_digitalocean.session import Session

LIFE = 900
"""Seconds that a Kubernetes token is valid; without it DigitalOcean gives one for a week."""

_STATUS = {
    "running": Status.READY,
    "degraded": Status.READY,
    "upgrading": Status.READY,
    "error": Status.FAILED,
}
GONE = "deleted"
_GOING = "deleting"


def alive(session: Session) -> list[records.Cluster]:
    """Every cluster that is not gone; the API shows the rows of deleted ones for a while."""
    return [one for one in session.api.clusters() if one.state != GONE]


def ours(clusters: Sequence[records.Cluster], name: str) -> list[records.Cluster]:
    """The clusters with our tag for `name`, oldest first; there is at most one unless somebody copied it."""
    tag = owner_tag(name)
    return sorted((one for one in clusters if tag in one.tags), key=lambda one: (one.created, one.id))


def find_ours(session: Session, name: str) -> list[records.Cluster]:
    """As `ours`, asked anew; ForeignResourceError when only others' clusters have the name.

    CredentialsError when the token may not read tags, which would make ours look like somebody else's.
    """
    found = alive(session)
    mine = ours(found, name)
    named = [one for one in found if one.name == name]
    if mine or not named:
        return mine
    if not any(one.tags for one in named):  # DOKS itself tags every cluster
        raise CredentialsError(
            f"the token may not see the tags of the DOKS cluster {name}, so nobody knows whose it is",
            fix="make a token that allows tag:read (docs/digitalocean.md lists every scope)",
        )
    raise foreign(f"the DOKS cluster {name}", name)


def one_of_ours(session: Session, name: str) -> records.Cluster:
    """The cluster that we made; NotFoundError for none, ForeignResourceError for somebody else's."""
    found = [one for one in find_ours(session, name) if one.state != _GOING]
    if found:
        return found[0]
    raise NotFoundError(
        f"there is no DOKS cluster {name}", fix=f"clouddeploy cluster create --to {session.target.name}"
    )


def state_of(cluster: records.Cluster) -> State:
    """DigitalOcean's state in our words, with its message."""
    told = f"{cluster.state}: {cluster.message}" if cluster.message else cluster.state
    return State(_STATUS.get(cluster.state, Status.PENDING), told)


def is_going(cluster: records.Cluster) -> bool:
    return cluster.state == _GOING


def choose(session: Session, name: str) -> records.Cluster:
    """The cluster that a target means: ours, else the only one of the name, in the target's region first.

    Raises NotFoundError when there is none, ConfigError when several have the name.
    """
    found = alive(session)
    mine = ours(found, name)
    named = mine or [one for one in found if one.name == name]
    named = [one for one in named if not is_going(one)] or named
    named = [one for one in named if one.region == session.target.region] or named
    if not named:
        raise NotFoundError(f"there is no DOKS cluster {name}", fix=_instead(session, found))
    if len(named) > 1:
        only_used = mine or session.target.existing
        first = "" if only_used else f"choose another cluster: {{name: …}}, or {{existing: {name}}} and "
        raise ConfigError(
            f"{len(named)} DOKS clusters have the name {name}: {', '.join(one.id for one in named)}",
            fix=f"{first}{_apart(named)}",
        )
    return named[0]


def _instead(session: Session, found: Sequence[records.Cluster]) -> str:
    make = f"clouddeploy cluster create --to {session.target.name}"
    others = ", ".join(sorted(one.name for one in found))
    return f"{make}; or name one of: {others}" if others else make


def _apart(named: Sequence[records.Cluster]) -> str:
    """How to tell clusters of one name apart; source: doctl's reference, `kubernetes cluster update`."""
    rename = f"rename one: doctl kubernetes cluster update {named[0].id} --cluster-name NEW"
    regions = sorted({one.region for one in named})
    where = (
        f"set region: in the target to one of {', '.join(regions)}, or " if len(regions) == len(named) else ""
    )
    return f"{where}{rename}"


def owned(cluster: records.Cluster) -> bool | None:
    """True with our tag. DOKS itself tags every cluster: who sees no tag may see none, and cannot tell."""
    return owner_tag(cluster.name) in cluster.tags if cluster.tags else None


class Chosen:
    """The cluster that a target uses, whoever made it."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name

    def find(self) -> records.Cluster:
        """Asked anew each time; raises as `choose`."""
        return choose(self._session, self._name)


class DoksClusters:
    """The clusters of the token's account, in every region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> Sequence[Cluster]:
        """Every cluster, sorted by name."""
        found = sorted(alive(self._session), key=lambda one: (one.name, one.created))
        return [_cluster(one) for one in found]

    def access(self, name: str) -> KubeAccess:
        """How to reach a cluster, with a token of 15 minutes that is asked for anew each time.

        Raises NotFoundError when there is none, ConfigError when several have the name,
        TemporaryError while it is being created, PreconditionError when it failed or goes.
        """
        cluster = choose(self._session, name)
        _reachable(cluster, self._session.target.name)
        given = self._session.api.credentials(cluster, LIFE)
        return KubeAccess(
            given.server, _authority(given.authority), lambda: self._token(cluster), owned=owned(cluster)
        )

    def _token(self, cluster: records.Cluster) -> Token:
        asked = datetime.now(UTC)
        given = self._session.api.credentials(cluster, LIFE)
        return Token(Secret(given.token), _expires(given.expires_at, asked))


def _reachable(cluster: records.Cluster, target: str) -> None:
    if _STATUS.get(cluster.state) is Status.READY:
        return
    if cluster.state == "provisioning":
        raise TemporaryError(
            f"the DOKS cluster {cluster.name} is being created",
            fix="it takes about 5 minutes; run it again then",
        )
    raise PreconditionError(
        f"the DOKS cluster {cluster.name} is {state_of(cluster).detail}",
        fix=f"delete it and create it again: clouddeploy cluster delete --to {target}",
    )


def _authority(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CloudDeployError(
            "could not reach the cluster: its certificate authority is no PEM", fix="run it again in a minute"
        ) from error


def _expires(told: str, asked: datetime) -> datetime:
    """When a token ends, by our own clock at the latest."""
    latest = asked + timedelta(seconds=LIFE)
    try:
        found = datetime.fromisoformat(told.replace("Z", "+00:00"))
    except ValueError:
        return latest
    return min(found.astimezone(UTC), latest) if found.tzinfo else latest


def _cluster(cluster: records.Cluster) -> Cluster:
    return Cluster(
        name=cluster.name,
        state=state_of(cluster),
        version=cluster.version,
        endpoint=cluster.endpoint,
        owned=bool(owned(cluster)),
    )
