"""The seam between the core and the clouds: small Protocols and frozen records.

A provider is a package with a `connect(target) -> Provider` entry point in the group
`clouddeploy.providers`. `connect` makes no request and imports no SDK: every facet loads
its SDK on first use, so that `render` and `compare` work without one. Calls raise only
errors from `clouddeploy.errors`. Nothing here waits, prints or retries: that is the core's.

Standard library only.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Protocol
from urllib.parse import quote

OWNER_TAG = "clouddeploy:cluster"
"""Tag (or label) that everything clouddeploy creates carries; its value is the cluster's name."""


_SHORTEST_SECRET = 8  # masking shorter values would garble ordinary words
_known_secrets: set[str] = set()


def redact(text: str) -> str:
    """`text` without the value of any Secret made so far: plain, base64, URL-quoted or as JSON."""
    for value in sorted(_known_secrets, key=len, reverse=True):
        encoded = base64.b64encode(value.encode()).decode().rstrip("=")
        for form in (value, encoded, quote(value, safe=""), json.dumps(value)[1:-1]):
            text = text.replace(form, "***")
    return text


class Secret:
    """A string that cannot be printed by accident: `repr`, `str` and formatting hide it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= _SHORTEST_SECRET:
            _known_secrets.add(value)

    def reveal(self) -> str:
        """The plain value, for the one request that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


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
class ClusterSpec:
    """A cluster in words that every cloud understands.

    `nodes` worker nodes with at least `cpus` vCPUs and `memory_gib` GiB each, or exactly the
    cloud's own `machine` type; None leaves the choice to the provider. `version` is a
    Kubernetes minor such as "1.33".
    """

    name: str
    nodes: int | None = None
    cpus: int | None = None
    memory_gib: int | None = None
    machine: str | None = None
    version: str | None = None
    ha: bool | None = None


@dataclass(frozen=True)
class TargetSettings:
    """What a provider is told about one target; `None` means "infer it".

    `registry` and `options` hold the provider's own keys (`host`, `context`, `project`, …).
    `existing` means that the cluster was made by somebody else and is only used.
    """

    name: str
    provider: str
    cluster: ClusterSpec
    account: str | None = None
    region: str | None = None
    existing: bool = False
    registry: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Identity:
    """Who the credentials belong to: the account that is billed, and the principal in it."""

    account: str
    principal: str


@dataclass(frozen=True)
class Repository:
    """An image repository's address, `host[:port]/path` without a tag, and whether `ensure` made it.

    `immutable` says that its tags never move: a push of another digest under a tag that is there is refused.
    """

    address: str
    created: bool = False
    immutable: bool = False


IDENTITY_TOKEN = "<token>"  # noqa: S105 - docker's own word
"""A Login's user name whose password is an OAuth2 refresh token, as docker's credential helpers say it."""


@dataclass(frozen=True)
class Login:
    """Credentials for one registry host (`host[:port]`); `expires` is aware UTC, None for never."""

    host: str
    username: str
    password: Secret
    expires: datetime | None = None


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
    """

    server: str
    ca: str | None
    credential: Callable[[], Credential]
    verify: bool = True


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


@dataclass(frozen=True)
class Check:
    """One line of a diagnosis: `ok` is None where it could not be found out; `fix` says what to do."""

    title: str
    ok: bool | None
    detail: str = ""
    fix: str | None = None


@dataclass(frozen=True)
class Price:
    """What one unit of a billed thing costs, in USD, where and since when."""

    sku: str
    region: str
    unit: str
    usd: Decimal
    source: str
    as_of: datetime


@dataclass(frozen=True)
class Traits:
    """What Kubernetes manifests need to be right on this cloud."""

    ingress_class: str | None = None
    ingress_annotations: Mapping[str, str] = field(default_factory=dict)
    load_balancer_annotations: Mapping[str, str] = field(default_factory=dict)
    storage_class: str | None = None
    min_volume_gib: int = 1


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


class Registry(Protocol):
    """A target's image registry."""

    def address(self, repository: str) -> str:
        """`host[:port]/path` of a repository, whether or not it exists."""
        ...

    def ensure(self, repository: str) -> Repository:
        """The repository, made when it is missing; idempotent."""
        ...

    def login(self) -> Login | None:
        """Credentials with the shortest life that serves.

        None when the provider has none of its own: then the core uses docker's login for the
        registry's host, and where there is none either goes on as nobody.
        """
        ...


@dataclass(frozen=True)
class StoredImage:
    """One manifest in a repository: an image, an index of images, or what belongs to one.

    `size` is in bytes as the registry counts them. `pushed` is aware UTC: when it came, or was made
    where the registry does not say when it came. Both are None when unknown.
    """

    digest: str
    tags: Sequence[str] = ()
    size: int | None = None
    pushed: datetime | None = None


class Images(Protocol):
    """What a target's registry holds, by the cloud's own API.

    None on a provider whose registry is asked in its own protocol: that is written in the core.
    """

    @property
    def afterwards(self) -> str:
        """What is still to do after `delete` until the space is free; empty for nothing."""
        ...

    def repositories(self) -> Sequence[str]:
        """Names as `Registry.address` takes them, sorted."""
        ...

    def list(self, repository: str) -> Sequence[StoredImage]:
        """Everything in a repository, also what has no tag where the cloud lists that.

        NotFoundError when there is no such repository.
        """
        ...

    def delete(self, repository: str, images: Sequence[StoredImage]) -> None:
        """Delete images with all their tags; what is gone already is no error.

        An index has to go before the images that it names: a cloud may refuse any other order.
        """
        ...


class Clusters(Protocol):
    """The clusters that a target's credentials can see and use."""

    def list(self) -> Sequence[Cluster]: ...
    def access(self, name: str) -> KubeAccess:
        """How to reach a cluster; NotFoundError when there is none of this name."""
        ...


class Provisioner(Protocol):
    """Makes, upgrades and deletes clusters, as steps in the order of creation."""

    def steps(self, spec: ClusterSpec) -> Sequence[Step]: ...
    def upgrade(self, name: str, version: str | None) -> Sequence[Step]:
        """Steps that are READY once everything runs `version`, None for the next one offered."""
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


class Doctor(Protocol):
    """Finds out what is missing before a command does."""

    def checks(self) -> Sequence[Callable[[], Check]]:
        """Independent questions, safe to ask at once; none raises, each answers in one line."""
        ...

    def policy(self) -> str:
        """The least that the credentials must be allowed, in the cloud's own form, ready to paste."""
        ...

    def start(self) -> str:
        """For somebody without an account: how to sign up and which credentials to make."""
        ...


@dataclass(frozen=True)
class MachineType:
    """A node type that the account may have; `max_pods` None where the cloud sets no limit of its own."""

    name: str
    cpus: int
    memory_gib: Decimal
    arch: str = "amd64"
    max_pods: int | None = None


@dataclass(frozen=True)
class Quota:
    """How much of something the account may have and has; None where the cloud does not tell.

    `counts` is "cpus" or "nodes" where nodes use it up, else empty.
    """

    what: str
    limit: int | None
    used: int | None = None
    counts: str = ""


class Inventory(Protocol):
    """What the account may have, asked from the cloud; reads only."""

    def machines(self) -> Sequence[MachineType]: ...
    def quotas(self) -> Sequence[Quota]: ...


class Prices(Protocol):
    """Reads the cloud's own price list."""

    def refresh(self) -> Sequence[Price]: ...


@dataclass(frozen=True)
class Provider:
    """One cloud, connected to one target. A missing ability is None, visible in the type.

    `cluster` is the name under which `clusters` knows the target's cluster. `chosen_by` names the
    environment variables that say which account is meant, never credentials: a kubeconfig
    keeps their values for the command that mints its tokens.
    """

    name: str
    identity: Callable[[], Identity]
    registry: Registry
    clusters: Clusters
    traits: Traits
    cluster: str = ""
    chosen_by: Sequence[str] = ()
    provisioner: Provisioner | None = None
    nodes: Nodes | None = None
    doctor: Doctor | None = None
    images: Images | None = None
    prices: Prices | None = None
    inventory: Inventory | None = None


class Connect(Protocol):
    """What a `clouddeploy.providers` entry point names."""

    def __call__(self, target: TargetSettings, /) -> Provider: ...
