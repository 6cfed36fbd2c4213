"""What the targets' registries hold: which repositories are meant, and what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clouddeploy.app.model import App, Target
from clouddeploy.errors import ConfigError, NotFoundError
from clouddeploy.oci.reference import Reference
from clouddeploy.release.build import image_owners, local_name
from clouddeploy.release.registries import OpenRegistry, newest_first, open_host, open_target
from clouddeploy.release.targets import connected
from clouddeploy.seam.registry import StoredImage


@dataclass(frozen=True)
class Held:
    """One repository: its name in the target's words, its address, its images, newest first."""

    repository: str
    address: str
    images: Sequence[StoredImage]


def own_repositories(app: App) -> list[str]:
    """The repositories of the app's images, each once."""
    owners = image_owners(app.services).values()
    return [local_name(app, name) for name in dict.fromkeys(owners)]


def is_full(name: str) -> bool:
    """Whether a name says its host, as `ghcr.io/acme/web` does; otherwise it is a target's repository."""
    first, slash, _ = name.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def full_reference(name: str, *, tag: bool) -> Reference:
    """The reference that a full name means; ConfigError for a tag or digest where there may be none."""
    found = Reference.parse(name)
    if not tag and (found.digest or name.rpartition("/")[2].count(":")):
        raise ConfigError(
            f"{name} names one image, not a repository", fix=f"write {found.host}/{found.repository}"
        )
    return found


def held_by(target: Target, repositories: Sequence[str] | None, *, missing_ok: bool) -> list[Held]:
    """The images in a target's repositories, None for every repository of its registry.

    NotFoundError for a repository that is not there, unless that is all right.
    """
    with open_target(connected(target)) as registry:
        names = registry.images.repositories() if repositories is None else repositories
        found = (_held(registry, name, missing_ok) for name in names)
        return [one for one in found if one]


def held_at(name: str) -> Held:
    """The images in a repository of any registry, by its full name."""
    where = full_reference(name, tag=False)
    with open_host(where.host) as registry:
        return Held(
            where.repository,
            f"{where.host}/{where.repository}",
            newest_first(registry.images.list(where.repository)),
        )


def _held(registry: OpenRegistry, name: str, missing_ok: bool) -> Held | None:
    try:
        return Held(name, registry.address(name), newest_first(registry.images.list(name)))
    except NotFoundError:
        if missing_ok:
            return None
        raise
