"""Makes, upgrades and deletes Acme's clusters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from clouddeploy.contract import OWNER_TAG, ClusterSpec, Cost, Leftover, State, Status, Step
from clouddeploy.errors import ConfigError, NotFoundError

from .clusters import find_ours, state_of
from .session import Session

VERSIONS = ("1.33", "1.34")
NODE_MONTHLY = Decimal("24.00")
"""USD for one node: https://acme.example/pricing, as of 2026-01."""
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")


class AcmeProvisioner:
    """A cluster is one step."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def steps(self, spec: ClusterSpec) -> Sequence[Step]:
        """Raises ConfigError for a name that Acme does not take."""
        if not _NAME.fullmatch(spec.name):
            raise ConfigError(
                f"{spec.name!r} is no name for a cluster", fix="use at most 40 of: a-z, 0-9 and -"
            )
        return (ClusterStep(self._session, spec),)

    def check(self, spec: ClusterSpec) -> None:
        """Raises ConfigError for a version that is not offered."""
        _require_offered(spec.version)

    def upgrade(self, name: str, version: str | None) -> Sequence[Step]:
        """Raises ConfigError for a version that is not offered, NotFoundError without a cluster."""
        _require_offered(version)
        return (SettingStep(self._session, name, "version", version or VERSIONS[-1]),)

    def next_version(self, name: str) -> str:
        """The newest: Acme goes there at once."""
        return VERSIONS[-1]

    def costs(self, spec: ClusterSpec) -> Sequence[Cost]:
        """The nodes; Acme bills no control plane."""
        count = spec.nodes or 2
        return (
            Cost("nodes", count * NODE_MONTHLY, f"{count} x {spec.machine or 'standard-2'}"),
            Cost("traffic", None, "as used"),
        )

    def leftovers(self, name: str) -> Sequence[Leftover]:
        """Volumes that were kept."""
        found = self._session.api.call("GET", f"/v1/leftovers/{name}")
        return [Leftover("volume", one["id"], Decimal(one["monthly"]), one["detail"]) for one in found]


def _require_offered(version: str | None) -> None:
    if version and version not in VERSIONS:
        raise ConfigError(f"Acme offers no {version}", fix=f"use one of: {', '.join(VERSIONS)}")


class ClusterStep:
    """The cluster with its nodes."""

    def __init__(self, session: Session, spec: ClusterSpec) -> None:
        self._session = session
        self._spec = spec
        self.title = f"cluster {spec.name}"

    def state(self) -> State:
        return state_of(find_ours(self._session, self._spec.name))

    def create(self) -> None:
        """The tag is in the same call, so a lost answer leaves nothing without an owner."""
        body = {
            "tags": {OWNER_TAG: self._spec.name},
            "nodes": self._spec.nodes or 2,
            "version": self._spec.version or VERSIONS[0],
        }
        self._session.api.call("PUT", f"/v1/clusters/{self._spec.name}", body)

    def delete(self) -> None:
        if find_ours(self._session, self._spec.name):
            self._session.api.call("DELETE", f"/v1/clusters/{self._spec.name}")


class SettingStep:
    """One setting of a cluster that is there, such as its version or how many nodes it has."""

    def __init__(self, session: Session, name: str, key: str, wanted: object) -> None:
        self._session = session
        self._name = name
        self._key = key
        self._wanted = wanted
        self.title = f"{key} {wanted}"

    def state(self) -> State:
        record = find_ours(self._session, self._name)
        if record is None:
            raise NotFoundError(f"there is no Acme cluster {self._name}", fix="clouddeploy cluster create")
        state = state_of(record)
        if state.status is Status.READY and record[self._key] != self._wanted:
            return State(Status.ABSENT, f"{self._key} is {record[self._key]}")
        return state

    def create(self) -> None:
        self._session.api.call("PATCH", f"/v1/clusters/{self._name}", {self._key: self._wanted})

    def delete(self) -> None:
        """There is no way back."""
