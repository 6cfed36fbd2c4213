"""An image from anywhere to registries, as it is: the digest stays, for all platforms and signatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from clouddeploy.app.model import App, Target
from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError
from clouddeploy.images.layout import LayoutImage
from clouddeploy.images.remote import RemoteImage
from clouddeploy.images.sources import Source, is_local
from clouddeploy.images.store import Store
from clouddeploy.images.streamed import identity
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.journal import Journal
from clouddeploy.oci.reference import DOCKER_HUB, Reference
from clouddeploy.push import Destination, How, PushResult, push
from clouddeploy.push.plan import read_plan
from clouddeploy.release.build import find_built
from clouddeploy.release.holdings import own_repositories
from clouddeploy.release.push import journals
from clouddeploy.release.referrers import Brought, copy_referrers
from clouddeploy.release.registries import open_target
from clouddeploy.release.revision import release_id
from clouddeploy.release.targets import connected, each


@dataclass(frozen=True)
class Place:
    """A destination by the name that people know it by, or why it cannot be reached."""

    name: str
    destination: Destination | None = None
    error: CloudDeployError | None = None


@dataclass(frozen=True)
class Copied:
    """What became of one place, and how many signatures, SBOMs and the like came along.

    With a result and an error the image is there, and something that refers to it is not.
    """

    place: str
    result: PushResult | None = None
    error: CloudDeployError | None = None
    referrers: int = 0


def copy_image(source: Source, places: Sequence[Place], how: How) -> list[Copied]:
    """Bring an image to every place, and what refers to it after it; errors are in the results.

    Raises CloudDeployError when the image is damaged.
    """
    destinations = _each_once(places)
    if isinstance(source, RemoteImage):
        _lend(source, destinations)
    done = {one.destination.address: one for one in push(source, destinations, how)}
    arrived = [one.destination for one in done.values() if one.error is None]
    others = copy_referrers(source, arrived, how) if isinstance(source, RemoteImage | LayoutImage) else {}

    def ended(place: Place) -> Copied:
        if place.destination is None:
            return Copied(place.name, error=place.error)
        delivered = done[place.destination.address]
        other = others.get(place.destination.address, Brought())
        return Copied(place.name, delivered.result, delivered.error or other.error, other.count)

    return [ended(place) for place in places]


def own_images(app: App, tag: str | None) -> list[str]:
    """The app's images as `repository:tag`, under the tag that a push from here would give them."""
    built = find_built(app, Store.default())
    release = tag or release_id(app.root, (identity(one) for one in built.values()))
    return [f"{repository}:{release}" for repository in own_repositories(app)]


def parse_destination(text: str) -> Reference:
    """A full name of an image to be; ConfigError for what is a name of something else."""
    if is_local(text):
        raise ConfigError(f"{text} is no registry, and copies go to registries", fix="write HOST/PATH:TAG")
    where = Reference.parse(text.removeprefix("docker://"))
    if where.digest:
        raise ConfigError(
            f"{where} has a digest, and the image brings its own", fix="name the destination by a tag"
        )
    if where.host == DOCKER_HUB and where.repository.startswith("library/"):
        raise ConfigError(
            f"{text} does not say where to copy to",
            fix=f"write HOST/PATH:TAG, or for a target: --to {where.repository.removeprefix('library/')}",
        )
    return where


@contextmanager
def open_places(
    references: Sequence[Reference], targets: Sequence[Target], named: Reference | None
) -> Iterator[list[Place]]:
    """References, and the targets' registries under the name and tag of `named`.

    A target's repository is made when it is missing; a target where that fails has its error.
    Raises ConfigError where there are targets and no name.
    """
    if targets and (named is None or named.tag is None):
        raise ConfigError(
            "the image has no name and tag that the targets could use",
            fix="name the destination in full: clouddeploy images copy SOURCE HOST/PATH:TAG",
        )
    with ExitStack() as stack:
        found = [_by_reference(stack, one) for one in references]
        outcomes = (
            each(targets, lambda target: _at_target(stack, target, named), at_once=True) if named else []
        )
        named_places = [one.value or Place(one.name, error=one.error) for one in outcomes]
        yield [*found, *named_places]


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


def _each_once(places: Sequence[Place]) -> list[Destination]:
    """Two places may be one repository, under two tags: its blobs are sent once."""
    found: dict[str, Destination] = {}
    for place in places:
        if place.destination:
            known = found.setdefault(place.destination.address, place.destination)
            tags = dict.fromkeys([*known.tags, *place.destination.tags])
            found[known.address] = replace(known, tags=list(tags))
    return list(found.values())


def _lend(source: RemoteImage, destinations: Sequence[Destination]) -> None:
    """Where the source's registry is a destination too, its blobs can be mounted."""
    journals_there = [one.client.journal for one in destinations if one.client.host == source.client.host]
    if journals_there:
        read_plan(source)
    for journal in journals_there:
        journal.holds(source.repository, source.blob_digests())


def _by_reference(stack: ExitStack, where: Reference) -> Place:
    client = stack.enter_context(RegistryClient(where.host, journal=Journal.of(where.host, journals())))
    address = f"{where.host}/{where.repository}"
    return Place(where.familiar(), Destination(client, address, [where.tag or "latest"]))


def _at_target(stack: ExitStack, target: Target, named: Reference) -> Place:
    registry, name = connected(target).registry, target.settings.name
    made = registry.ensure(named.repository)
    host = made.address.partition("/")[0]
    client = stack.enter_context(RegistryClient(host, registry.login, journal=Journal.of(host, journals())))
    where = Destination(client, made.address, [named.tag or "latest"], name, made.immutable)
    return Place(f"{name} {named.repository}:{named.tag}", where)
