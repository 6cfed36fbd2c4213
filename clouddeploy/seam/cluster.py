"""Clusters: how they are made, reached and deleted, and what of them is billed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Protocol

from clouddeploy.seam.secret import Secret
from clouddeploy.seam.target import ClusterSpec

OWNER_TAG = "clouddeploy:cluster"
"""Tag (or label) that everything clouddeploy creates carries; its value is the cluster's name."""


class Status(Enum):
    """Where a cloud resource is on its way; FAILED means that waiting is pointless."""

    ABSENT = "absent"
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class State:
    """A resource's status and, in the cloud's own words, what it is doing."""

    status: Status
    detail: str = ""


@dataclass(frozen=True)
class Token:
    """A Kubernetes bearer token; `expires` is aware UTC, None for never."""

    value: Secret
    expires: datetime | None = None


@dataclass(frozen=True)
class ClientCertificate:
    """A Kubernetes client certificate and its key, both PEM."""

    certificate: str
    key: Secret


Credential = Token | ClientCertificate | None


@dataclass(frozen=True)
class KubeAccess:
    """How to reach a Kubernetes API: its URL, its CA (PEM; None for the system's), its credential.

    `credential` is called again whenever a token is about to expire: EKS tokens last 15 minutes.
    `owned` says whether the cluster carries our ownership tag, None where nobody can tell.
    """

    server: str
    ca: str | None
    credential: Callable[[], Credential]
    verify: bool = True
    owned: bool | None = None


@dataclass(frozen=True)
class Cluster:
    """A cluster as the cloud lists it; `owned` is True only when it carries our ownership tag."""

    name: str
    state: State
    version: str = ""
    endpoint: str = ""
    owned: bool = False


@dataclass(frozen=True)
class Leftover:
    """Something billed that stays behind; `monthly` is USD per month, None when unknown."""

    kind: str
    id: str
    monthly: Decimal | None = None
    detail: str = ""


@dataclass(frozen=True)
class Cost:
    """One line of what a cluster would cost: `monthly` is USD per month, None when unknown.

    The line of the nodes says what they are: `count` of a `machine`, each with a disk of `disk_gib`.
    """

    kind: str
    monthly: Decimal | None
    detail: str = ""
    machine: str = ""
    count: int = 0
    disk_gib: int = 0


class Step(Protocol):
    """One cloud resource that can say its state, be created and be deleted.

    `state` raises ForeignResourceError when the name is taken by something without our tag.
    ABSENT with a detail is half-made: `create` completes it, `delete` removes it.
    `create` and `delete` start the work, may be called again at any moment, and return;
    `TemporaryError` means "call again soon".
    """

    @property
    def title(self) -> str: ...
    def state(self) -> State: ...
    def create(self) -> None: ...
    def delete(self) -> None: ...


class Clusters(Protocol):
    """The clusters that a target's credentials can see and use."""

    def list(self) -> Sequence[Cluster]: ...
    def access(self, name: str) -> KubeAccess:
        """How to reach a cluster; NotFoundError when there is none of this name."""
        ...


class Provisioner(Protocol):
    """Makes, upgrades and deletes clusters, as steps in the order of creation."""

    def steps(self, spec: ClusterSpec) -> Sequence[Step]: ...
    def check(self, spec: ClusterSpec) -> None:
        """Raise what making the cluster would be refused with: what is not offered, a quota without room.

        Writes nothing, and does nothing for a cluster that is there.
        """
        ...

    def upgrade(self, name: str, version: str | None) -> Sequence[Step]:
        """Steps that are READY once everything runs `version`, None for the next one offered."""
        ...

    def next_version(self, name: str) -> str:
        """The version to which `upgrade` goes for None: the cluster's own when no later one is offered."""
        ...

    def costs(self, spec: ClusterSpec) -> Sequence[Cost]:
        """What the cluster would cost; asks the cloud nothing."""
        ...

    def leftovers(self, name: str) -> Sequence[Leftover]: ...


class Nodes(Protocol):
    """Worker nodes that are counted: None on a provider that makes them as pods need them."""

    def scale(self, name: str, count: int) -> Sequence[Step]:
        """Steps that are READY once the cluster has `count` nodes."""
        ...
