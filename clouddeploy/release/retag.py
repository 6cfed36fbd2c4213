"""Another tag for an image that a registry has; no layer moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.reference import is_tag


@dataclass(frozen=True)
class Tagged:
    """A tag, the digest that it names, and the one that it named before; None for a tag that is new."""

    tag: str
    digest: str
    before: str | None

    @property
    def moved(self) -> bool:
        """Whether the tag named something else."""
        return self.before not in (None, self.digest)


def check_tags(tags: Sequence[str]) -> None:
    """ConfigError for anything that is no tag."""
    for tag in tags:
        if not is_tag(tag):
            raise ConfigError(f"{tag!r} is no tag", fix="a tag has up to 128 letters, digits, . _ and -")


def retag(client: RegistryClient, repository: str, reference: str, tags: Sequence[str]) -> list[Tagged]:
    """Let every tag name the image behind a tag or digest, and read each back.

    A tag that names it already is not sent: a registry with immutable tags may refuse even that.
    """
    check_tags(tags)
    descriptor, body = client.get_manifest(repository, reference)
    done: list[Tagged] = []
    for tag in tags:
        before = _digest(client, repository, tag)
        if before != descriptor.digest:
            client.put_manifest(repository, tag, body, descriptor.media_type)
            _prove(client, repository, tag, descriptor.digest)
        done.append(Tagged(tag, descriptor.digest, before))
    return done


def _prove(client: RegistryClient, repository: str, tag: str, digest: str) -> None:
    if _digest(client, repository, tag) != digest:
        raise CloudDeployError(
            f"{client.host} took the tag {tag} for {repository} but does not give it back",
            fix="run it again; if it stays so, tell whoever runs this registry",
        )


def _digest(client: RegistryClient, repository: str, tag: str) -> str | None:
    """As we read it: a HEAD's digest is the registry's word."""
    try:
        return client.get_manifest(repository, tag)[0].digest
    except NotFoundError:
        return None
