"""Built images go to the targets' registries, all at once, and come back as pinned references."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from clouddeploy.app.model import App, Target
from clouddeploy.errors import NotFoundError
from clouddeploy.images.sources import Source
from clouddeploy.images.store import Store
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.journal import Journal
from clouddeploy.oci.source import ImageSource
from clouddeploy.push import Delivered, Destination, How, PushResult, push
from clouddeploy.push.waiting import wait_for
from clouddeploy.release.build import image_owners, local_name
from clouddeploy.release.secrets import looked_through
from clouddeploy.release.targets import Outcome, connected, each
from clouddeploy.seam.provider import Provider


@dataclass(frozen=True)
class Pushed:
    """One service's image in one registry; `created` says that the repository was made for it."""

    service: str
    result: PushResult
    created: bool


@dataclass
class Place:
    """A target whose repositories are ready, and what became of it so far."""

    target: Target
    destinations: Mapping[str, Destination]
    created: frozenset[str]
    pushed: list[Pushed] = field(default_factory=list)
    failed: Delivered | None = None


def push_images(
    app: App,
    targets: Sequence[Target],
    images: Mapping[str, Source],
    tag: str,
    how: How,
    *,
    allow_secrets: bool = False,
) -> list[Outcome[list[Pushed]]]:
    """Make the repositories, push every image under `tag` to all targets at once, prove what arrived.

    What goes wrong at one target is in its outcome and does not stop the others; what is wrong
    with an image itself is raised.
    """
    hows = {
        name: how if allow_secrets else looked_through(local_name(app, name), image, how)
        for name, image in images.items()
    }
    with ExitStack() as stack:
        ready = each(targets, lambda target: _prepare(stack, app, target, images, tag), at_once=True)
        places = [one.value for one in ready if one.value]
        _push_all(images, places, hows)
        _tell_trouble(places, how)
    done = {place.target.settings.name: place for place in places}
    return [_outcome(one, done.get(one.name)) for one in ready]


def references(target: Target, pushed: Sequence[Pushed]) -> dict[str, str]:
    """For each of the target's services the pinned reference of its image."""
    by_owner = {one.service: one.result.reference for one in pushed}
    return {service: by_owner[owner] for service, owner in image_owners(target.services).items()}


def local_references(
    app: App, target: Target, provider: Provider, images: Mapping[str, ImageSource], tag: str
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


def journals() -> Path:
    """The folder of the registries' journals, beside the image store."""
    return Store.default().root.parent / "journal"


def _prepare(stack: ExitStack, app: App, target: Target, images: Mapping[str, Source], tag: str) -> Place:
    """The target's repositories, made where they are missing, and one client for each registry host."""
    provider = connected(target)
    names = {service: local_name(app, service) for service in images}
    if provider.room:
        provider.room(list(names.values()))
    repositories = {service: provider.registry.ensure(name) for service, name in names.items()}
    clients: dict[str, RegistryClient] = {}
    destinations: dict[str, Destination] = {}
    for service, repository in repositories.items():
        host = repository.address.partition("/")[0]
        if host not in clients:
            journal = Journal.of(host, journals())
            clients[host] = stack.enter_context(
                RegistryClient(host, provider.registry.login, journal=journal)
            )
        destinations[service] = Destination(
            clients[host], repository.address, [tag], target.settings.name, repository.immutable
        )
    created = frozenset(service for service, repository in repositories.items() if repository.created)
    return Place(target, destinations, created)


def _push_all(images: Mapping[str, Source], places: Sequence[Place], hows: Mapping[str, How]) -> None:
    """Image after image; the next begins as soon as one target has this one, so that a slow
    registry does not hold up the others."""
    with ThreadPoolExecutor(max(len(images), 1), thread_name_prefix="push") as pool, _closed(places):
        futures: list[Future[None]] = []
        for service, image in images.items():
            someone_done = threading.Event()
            future = pool.submit(_push_one, service, image, places, hows[service], someone_done)
            future.add_done_callback(lambda _, event=someone_done: event.set())  # type: ignore[misc]
            futures.append(future)
            while not someone_done.wait(0.25):
                pass
        wait_for(futures)
    for future in futures:
        future.result()


def _tell_trouble(places: Sequence[Place], how: How) -> None:
    clients = [one.client for place in places for one in place.destinations.values()]
    for trouble in {client.journal.trouble for client in clients} - {None}:
        with how.progress.task("journal") as task:
            task.say(f"cannot be kept in {journals()}: {trouble}; a push that is cut off begins anew")


@contextmanager
def _closed(places: Sequence[Place]) -> Iterator[None]:
    """After Ctrl-C nobody waits for a silent registry."""
    try:
        yield
    except BaseException:
        for place in places:
            for destination in place.destinations.values():
                destination.client.close()
        raise


def _push_one(service: str, image: Source, places: Sequence[Place], how: How, done: threading.Event) -> None:
    waiting: dict[str, list[Place]] = {}  # targets may share a registry
    for place in places:
        if place.failed is None:
            waiting.setdefault(place.destinations[service].address, []).append(place)

    def note(delivered: Delivered) -> None:
        for place in waiting[delivered.destination.address]:
            if delivered.result:
                place.pushed.append(Pushed(service, delivered.result, service in place.created))
                done.set()
            else:
                place.failed = place.failed or delivered
        how.on_done(delivered)

    if waiting:
        destinations = [sharing[0].destinations[service] for sharing in waiting.values()]
        push(image, destinations, replace(how, on_done=note))


def _outcome(ready: Outcome[Place], place: Place | None) -> Outcome[list[Pushed]]:
    if place is None:
        return Outcome(ready.target, ready.seconds, error=ready.error)
    spent = ready.seconds + sum(one.result.seconds for one in place.pushed)
    error = place.failed.error if place.failed else None
    return Outcome(ready.target, spent, place.pushed, error)


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
