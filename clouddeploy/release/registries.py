"""A target's registry, or any other, opened: what it holds, and a client that speaks its protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.holdings import RegistryImages
from clouddeploy.oci.reference import Reference
from clouddeploy.seam.provider import Provider
from clouddeploy.seam.registry import Images, StoredImage

_ANY = "any/name"


@dataclass(frozen=True)
class OpenRegistry:
    """`prefix` stands before every repository's name in the registry's paths; empty or with a slash."""

    client: RegistryClient
    images: Images
    prefix: str

    def path(self, repository: str) -> str:
        """Where the registry has a repository."""
        return f"{self.prefix}{repository}"

    def address(self, repository: str) -> str:
        """`host[:port]/path` of a repository."""
        return f"{self.client.host}/{self.path(repository)}"


@contextmanager
def open_target(provider: Provider) -> Iterator[OpenRegistry]:
    """The registry of a target, logged in as its provider says."""
    where = Reference.parse_address(provider.registry.address(_ANY))
    prefix = where.repository.removesuffix(_ANY)
    with RegistryClient(where.host, provider.registry.login) as client:
        yield OpenRegistry(client, provider.images or RegistryImages(client, prefix), prefix)


@contextmanager
def open_host(host: str) -> Iterator[OpenRegistry]:
    """Any registry, with docker's login for it."""
    with RegistryClient(host) as client:
        yield OpenRegistry(client, RegistryImages(client), "")


def newest_first(images: Sequence[StoredImage]) -> list[StoredImage]:
    """By the time of the push; what has none last, by its tags."""
    by_tag = sorted(images, key=lambda one: (not one.tags, one.tags, one.digest))
    return sorted(by_tag, key=lambda one: -one.pushed.timestamp() if one.pushed else 0)
