"""An image from anywhere to registries, as it is: the digest stays, for all platforms and signatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from clouddeploy.app.model import Target
from clouddeploy.errors import ConfigError, NotFoundError
from clouddeploy.images.layout import LayoutImage
from clouddeploy.images.remote import RemoteImage
from clouddeploy.images.sources import Source
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.journal import Journal
from clouddeploy.oci.reference import Reference
from clouddeploy.push import Delivered, Destination, How, push
from clouddeploy.push.plan import read_plan
from clouddeploy.release.push import journals
from clouddeploy.release.registries import open_target
from clouddeploy.release.targets import connected


@dataclass(frozen=True)
class Copied:
    """What became of one destination, and how many signatures, SBOMs and the like came along."""

    delivered: Delivered
    referrers: int = 0


def copy_image(source: Source, destinations: Sequence[Destination], how: How) -> list[Copied]:
    """Bring an image to every destination, and what refers to it after it.

    Raises CloudDeployError when the image is damaged; the destinations' errors are in the results.
    """
    if isinstance(source, RemoteImage):
        for one in destinations:
            if one.client.host == source.client.host:  # then its blobs can be mounted
                read_plan(source)
                one.client.journal.holds(source.repository, source.blob_digests())
    done = push(source, destinations, how)
    arrived = [one.destination for one in done if one.error is None]
    counts = _copy_referrers(source, arrived, how)
    return [Copied(one, counts.get(one.destination.address, 0)) for one in done]


def _copy_referrers(source: Source, destinations: Sequence[Destination], how: How) -> dict[str, int]:
    if not isinstance(source, RemoteImage | LayoutImage) or not destinations:
        return {}
    counts = {one.address: 0 for one in destinations}
    untagged = [replace(one, tags=()) for one in destinations]
    for referrer in source.referrers():
        for one in push(source.at(referrer), untagged, how):
            if one.error:
                raise one.error
            counts[one.destination.address] += 1
    return counts


@contextmanager
def open_destinations(
    texts: Sequence[str], targets: Sequence[Target], named: Reference | None
) -> Iterator[list[Destination]]:
    """Full references, and the targets' registries under the name and tag of `named`.

    A target's repository is made when it is missing. Raises ConfigError where a name is missing.
    """
    with ExitStack() as stack:
        found = [_by_reference(stack, Reference.parse(text.removeprefix("docker://"))) for text in texts]
        for target in targets:
            if named is None or named.tag is None:
                raise ConfigError(
                    "the image has no name and tag that the targets could use",
                    fix="name the destination in full: clouddeploy images copy SOURCE HOST/PATH:TAG",
                )
            found.append(_at_target(stack, target, named.repository, named.tag))
        if not found:
            raise ConfigError(
                "there is no destination", fix="add HOST/PATH:TAG, or --to with a target's name"
            )
        yield found


@contextmanager
def open_at_target(target: Target, repository: str, reference: str) -> Iterator[RemoteImage]:
    """An image in a target's registry; NotFoundError when it is not there."""
    with open_target(connected(target)) as registry:
        try:
            yield RemoteImage.find(registry.client, registry.path(repository), reference)
        except NotFoundError as error:
            name = target.settings.name
            raise NotFoundError(
                f"{name} has no image {repository}:{reference}",
                fix=f"see what there is: clouddeploy images ls --to {name}",
                code=error.code,
            ) from error


def _by_reference(stack: ExitStack, where: Reference) -> Destination:
    if where.digest:
        raise ConfigError(
            f"{where} has a digest, and the image brings its own", fix="name the destination by a tag"
        )
    client = stack.enter_context(RegistryClient(where.host, journal=Journal.of(where.host, journals())))
    return Destination(client, f"{where.host}/{where.repository}", [where.tag or "latest"])


def _at_target(stack: ExitStack, target: Target, repository: str, tag: str) -> Destination:
    registry = connected(target).registry
    made = registry.ensure(repository)
    host = made.address.partition("/")[0]
    client = stack.enter_context(RegistryClient(host, registry.login, journal=Journal.of(host, journals())))
    return Destination(client, made.address, [tag], target.settings.name, made.immutable)
