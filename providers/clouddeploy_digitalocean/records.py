"""What the API answers, as typed records. A field that is missing becomes empty, never an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Account:
    """Whom a token belongs to; `team` is the team's UUID, empty for an account without one."""

    uuid: str
    email: str
    team: str
    droplet_limit: int
    status: str
    status_message: str

    @property
    def billed(self) -> str:
        """The team, or the account that is no team's."""
        return self.team or self.uuid


@dataclass(frozen=True)
class Registry:
    """A container registry; `used` is its storage in bytes, as of when DigitalOcean last counted."""

    name: str
    region: str
    used: int = 0


@dataclass(frozen=True)
class Plan:
    """The account's registry subscription; `repositories` 0 is no limit, `monthly` USD.

    `storage` is what it holds in bytes at most, 0 for as much as is paid for: beyond the `included` bytes
    a GiB costs `overage` USD a month.
    """

    slug: str
    name: str
    repositories: int
    monthly: Decimal
    storage: int = 0
    included: int = 0
    overage: Decimal = Decimal(0)

    def costs(self, used: int) -> Decimal:
        """USD a month with so many bytes in all registries together."""
        return self.monthly + self.overage * max(0, used - self.included) / 1024**3

    def holds(self, count: int) -> bool:
        """Whether a registry may have so many repositories."""
        return not self.repositories or count <= self.repositories


@dataclass(frozen=True)
class Size:
    """A Droplet size; `memory` in MiB, `monthly` in USD."""

    slug: str
    cpus: int
    memory: int
    monthly: Decimal
    regions: frozenset[str]
    gpu: bool


@dataclass(frozen=True)
class Version:
    """A Kubernetes version that DOKS offers: slug `1.36.0-do.0`, `kubernetes` `1.36.0`."""

    slug: str
    kubernetes: str

    @property
    def minor(self) -> str:
        return ".".join(self.kubernetes.split(".")[:2])

    @property
    def order(self) -> tuple[int, ...]:
        """To sort by: the Kubernetes version, then DigitalOcean's own build."""
        text = self.slug.replace("-do.", ".")
        return tuple(int(part) for part in text.split(".") if part.isdigit())


@dataclass(frozen=True)
class Offer:
    """What DOKS offers: versions, size slugs, region slugs."""

    versions: tuple[Version, ...]
    sizes: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Pool:
    """A node pool; `running` of its `there` nodes are ready, `count` are wanted."""

    id: str
    name: str
    size: str
    count: int
    there: int
    running: int


@dataclass(frozen=True)
class Cluster:
    """A cluster as the API shows it."""

    id: str
    name: str
    region: str
    version: str
    state: str
    message: str
    endpoint: str
    tags: frozenset[str]
    pools: tuple[Pool, ...]
    registries: tuple[str, ...]
    registry_enabled: bool
    ha: bool
    created: str

    @property
    def nodes(self) -> int:
        return sum(pool.count for pool in self.pools)


@dataclass(frozen=True)
class Vpc:
    """A private network."""

    id: str
    name: str
    region: str
    description: str
    default: bool


@dataclass(frozen=True)
class Credentials:
    """How to reach a cluster; `authority` is base64 PEM, `expires_at` RFC 3339."""

    server: str
    authority: str
    token: str
    expires_at: str


@dataclass(frozen=True)
class Associated:
    """What a cluster's controllers made: (id, name) each."""

    load_balancers: tuple[tuple[str, str], ...]
    volumes: tuple[tuple[str, str], ...]
    snapshots: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Balancer:
    """A load balancer; `units` are its billed nodes."""

    id: str
    name: str
    vpc: str
    units: int


@dataclass(frozen=True)
class Volume:
    """A block storage volume."""

    id: str
    name: str
    gib: int
    tags: frozenset[str]
