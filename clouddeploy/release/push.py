"""Built images go to a target's registry and come back as pinned references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clouddeploy.app.model import App, Target
from clouddeploy.contract import Provider, Repository
from clouddeploy.errors import NotFoundError
from clouddeploy.images.store import Image
from clouddeploy.oci.client import RegistryClient
from clouddeploy.progress import SILENT, Progress
from clouddeploy.push import PushResult, push_image
from clouddeploy.release.build import image_owners, local_name


@dataclass(frozen=True)
class Pushed:
    """One service's image in one registry; `created` says that the repository was made for it."""

    service: str
    result: PushResult
    created: bool


def push_images(
    app: App,
    provider: Provider,
    images: Mapping[str, Image],
    tag: str,
    *,
    jobs: int = 4,
    progress: Progress = SILENT,
) -> list[Pushed]:
    """Make the repositories, push every image under `tag`, prove what arrived."""
    repositories = {service: provider.registry.ensure(local_name(app, service)) for service in images}
    pushed: list[Pushed] = []
    for host, services in _by_host(repositories).items():
        with RegistryClient(host, provider.registry.login) as client:
            for service in services:
                address = repositories[service].address
                done = push_image(images[service], address, [tag], client, progress=progress, jobs=jobs)
                pushed.append(Pushed(service, done, repositories[service].created))
    return pushed


def references(target: Target, pushed: list[Pushed]) -> dict[str, str]:
    """For each of the target's services the pinned reference of its image."""
    by_owner = {one.service: one.result.reference for one in pushed}
    return {service: by_owner[owner] for service, owner in image_owners(target.services).items()}


def local_references(
    app: App, target: Target, provider: Provider, images: Mapping[str, Image], tag: str
) -> dict[str, str]:
    """The references that a push would give, without pushing; no digest for what is not built."""
    found: dict[str, str] = {}
    for service, owner in image_owners(target.services).items():
        pinned = f"@{images[owner].manifest.digest}" if owner in images else ""
        found[service] = f"{provider.registry.address(local_name(app, owner))}:{tag}{pinned}"
    return found


def find_pushed(app: App, target: Target, provider: Provider, tag: str) -> dict[str, str]:
    """The pinned references of a tag that was pushed before.

    Raises NotFoundError when an image of the app has no such tag in the target's registry.
    """
    owners = image_owners(target.services)
    found = {owner: _resolve(app, target, provider, owner, tag) for owner in set(owners.values())}
    return {service: found[owner] for service, owner in owners.items()}


def _by_host(repositories: Mapping[str, Repository]) -> dict[str, list[str]]:
    hosts: dict[str, list[str]] = {}
    for service, repository in repositories.items():
        hosts.setdefault(repository.address.partition("/")[0], []).append(service)
    return hosts


def _resolve(app: App, target: Target, provider: Provider, service: str, tag: str) -> str:
    address = provider.registry.address(local_name(app, service))
    host, _, path = address.partition("/")
    with RegistryClient(host, provider.registry.login) as client:
        manifest = client.head_manifest(path, tag)
    if manifest is None:
        raise NotFoundError(
            f"{address} has no tag {tag}; nothing was deployed",
            fix=f"clouddeploy push --to {target.settings.name} --tag {tag}",
        )
    return f"{address}:{tag}@{manifest.digest}"
