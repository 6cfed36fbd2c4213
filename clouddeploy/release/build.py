"""An app's services become images in the local store."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clouddeploy.app.model import App, Service
from clouddeploy.images.build import build_image
from clouddeploy.images.pull import pull_image
from clouddeploy.images.store import Image, Store
from clouddeploy.images.streamed import Archive, last_built, note_image
from clouddeploy.progress import SILENT, Progress


@dataclass(frozen=True)
class Built:
    """A service's image, what made it, and whether it was there already."""

    service: str
    image: Image | Archive
    engine: str
    seconds: float
    cached: bool


def image_owners(services: Sequence[Service]) -> dict[str, str]:
    """For each service the one whose image it runs: itself, or its `image_of`."""
    return {service.name: service.image_of or service.name for service in services}


def local_name(app: App, service: str) -> str:
    """The repository of a service's image, in the local store and in every registry."""
    return f"{app.name}/{service}"


def build_app(
    app: App,
    store: Store,
    *,
    engine: str | None = None,
    progress: Progress = SILENT,
    export: bool = True,
) -> dict[str, Built]:
    """Every image of the app by service: built, or pulled where the service names an image.

    Without `export` an engine keeps what it built, and a push reads it from there. Raises what
    `build_image` and `pull_image` raise; images already built stay in the store.
    """
    owners = [service for service in app.services if not service.image_of]
    return {service.name: _built(app, service, store, engine, progress, export) for service in owners}


def find_built(app: App, store: Store) -> Mapping[str, Image]:
    """The last build of each service that has one, without building anything."""
    found = {service.name: last_built(store, local_name(app, service.name)) for service in app.services}
    return {name: image for name, image in found.items() if image}


def _built(
    app: App, service: Service, store: Store, engine: str | None, progress: Progress, export: bool
) -> Built:
    if service.build is None:
        start = time.monotonic()
        image = pull_image(service.image or "", store, progress=progress)
        note_image(store, local_name(app, service.name), image)
        return Built(service.name, image, "pulled", time.monotonic() - start, cached=False)
    name = local_name(app, service.name)
    done = build_image(service.build, name, store=store, engine=engine, progress=progress, export=export)
    return Built(service.name, done.image, done.engine, done.seconds, done.cached)
