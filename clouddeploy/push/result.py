"""Where a push goes, and what became of it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.reference import Reference


@dataclass(frozen=True)
class Destination:
    """A repository at `address` (`host[:port]/path`), the tags an image gets there, and who brings it.

    `name` is what people call it, a target's name; `immutable` says that its tags never move.
    """

    client: RegistryClient
    address: str
    tags: Sequence[str]
    name: str = ""
    immutable: bool = False

    @property
    def repository(self) -> str:
        """The address without the host; ValueError when the client talks to another host."""
        where = Reference.parse_address(self.address)
        if where.host != self.client.host:
            raise ValueError(f"{self.address} is not on {self.client.host}")
        return where.repository


@dataclass(frozen=True)
class PushResult:
    """What a push did, counted in blobs (layers and configs), bytes and HTTP requests.

    `reference` is `host/repository:tag@digest` with the first tag. `unchanged` says that the
    registry had the image under all tags already. `requests` counts the client's while the
    push ran.
    """

    digest: str
    reference: str
    uploaded: int
    skipped: int
    bytes_sent: int
    seconds: float
    requests: int
    unchanged: bool = False
    mounted: int = 0


@dataclass(frozen=True)
class Delivered:
    """What became of one destination: a result or an error."""

    destination: Destination
    result: PushResult | None = None
    error: CloudDeployError | None = None


@dataclass
class Count:
    """Blobs that were sent, that were there, that another repository had; and bytes sent."""

    uploaded: int = 0
    skipped: int = 0
    mounted: int = 0
    bytes_sent: int = 0
    layers_sent: bool = field(default=False)
