"""What a repository holds, asked in the registry's own protocol: a contract.Images for any registry.

The protocol lists tags alone: the images that indexes name and the referrers of images are found by
reading. It says when an image was made, not when it was pushed, and not even that for an image that
is made to be reproducible.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.oci.document import Index, parse_document
from clouddeploy.seam.registry import StoredImage

_AT_ONCE = 8
_LARGEST_CONFIG = 4 * 1024 * 1024


@dataclass(frozen=True)
class Manifest:
    """One manifest as far as others depend on it.

    `size` counts config and layers in bytes, nothing for an index. `children` are the digests that an
    index names, `subject` is the digest that it belongs to.
    """

    digest: str
    size: int
    children: Sequence[str] = ()
    subject: str | None = None
    config: Descriptor | None = None


def read_manifest(client: RegistryClient, repository: str, reference: str) -> Manifest:
    """A manifest by tag or digest; raises what `RegistryClient.get_manifest` raises."""
    descriptor, body = client.get_manifest(repository, reference)
    document = parse_document(body, descriptor.media_type)
    subject = document.subject.digest if document.subject else None
    if isinstance(document, Index):
        children = tuple(one.digest for one in document.manifests)
        return Manifest(descriptor.digest, 0, children, subject)
    size = document.config.size + sum(one.size for one in document.layers)
    return Manifest(descriptor.digest, size, (), subject, document.config)


def read_manifests(client: RegistryClient, repository: str, references: Iterable[str]) -> dict[str, Manifest]:
    """Several at once, by reference."""
    wanted = list(references)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda one: read_manifest(client, repository, one), wanted)
        return dict(zip(wanted, found, strict=True))


class RegistryImages:
    """The repositories below `prefix` (empty, or ending in a slash) of one registry."""

    afterwards = "the space is freed by the registry's own garbage collection"

    def __init__(self, client: RegistryClient, prefix: str = "") -> None:
        self._client = client
        self._prefix = prefix

    def repositories(self) -> list[str]:
        """Raises CloudDeployError where the registry does not tell, as Docker Hub."""
        names = (name for name in self._client.catalog() if name.startswith(self._prefix))
        return sorted(name.removeprefix(self._prefix) for name in names)

    def list(self, repository: str) -> list[StoredImage]:
        """What has a tag, what that names, and what belongs to either."""
        path = f"{self._prefix}{repository}"
        tagged = read_manifests(self._client, path, self._client.tags(path))
        found = {one.digest: one for one in tagged.values()}
        tags: dict[str, list[str]] = {}
        for tag, one in tagged.items():
            tags.setdefault(one.digest, []).append(tag)
        self._follow(path, found)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            made = dict(zip(found, pool.map(lambda one: self._made(path, one), found.values()), strict=True))
        return [
            StoredImage(
                digest, tuple(sorted(tags.get(digest, ()))), one.size or None, _newest(one, found, made)
            )
            for digest, one in found.items()
        ]

    def delete(self, repository: str, images: Sequence[StoredImage]) -> None:
        """Raises PreconditionError where the registry lets nobody delete."""
        for one in images:
            self._client.delete_manifest(f"{self._prefix}{repository}", one.digest)

    def _follow(self, path: str, found: dict[str, Manifest]) -> None:
        """Add what the manifests name and what belongs to them, until there is nothing new."""
        fresh = list(found.values())
        while fresh:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                attached = pool.map(lambda one: self._client.referrers(path, one.digest), fresh)
                digests = {digest for one in fresh for digest in one.children}
                digests |= {one.digest for ones in attached for one in ones}
            more = read_manifests(self._client, path, sorted(digests - set(found)))
            found.update(more)
            fresh = list(more.values())

    def _made(self, path: str, one: Manifest) -> datetime | None:
        """When an image was made; None where it does not say, or says 1970 to be reproducible."""
        if one.config is None or one.config.size > _LARGEST_CONFIG:
            return None
        try:
            with self._client.open_blob(path, one.config) as content:
                made = datetime.fromisoformat(str(json.loads(content.read()).get("created")))
        except (CloudDeployError, ValueError, AttributeError):
            return None
        moment = made.astimezone(UTC) if made.tzinfo else made.replace(tzinfo=UTC)
        return moment if moment.timestamp() > 0 else None


def _newest(
    one: Manifest, found: Mapping[str, Manifest], made: Mapping[str, datetime | None]
) -> datetime | None:
    """When an image was made; an index is as old as the newest image that it names."""
    dates = [_newest(found[child], found, made) for child in one.children if child in found]
    return max((date for date in [made[one.digest], *dates] if date), default=None)
