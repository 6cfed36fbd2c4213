"""An image registry: where it is, who may enter, what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from clouddeploy.seam.secret import Secret


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
