"""Images that come from a source instead of being built: from a job that ran before, from a registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from clouddeploy.app.model import App
from clouddeploy.app.problems import did_you_mean
from clouddeploy.errors import ConfigError
from clouddeploy.images.sources import Source, open_source
from clouddeploy.images.store import Store
from clouddeploy.progress import SILENT, Progress
from clouddeploy.release.build import build_app, find_built, image_owners


def given_images(app: App, words: Sequence[str]) -> dict[str, str]:
    """The sources of `SERVICE=SOURCE` by service; ConfigError for what names no image of the app."""
    found: dict[str, str] = {}
    for word in words:
        service, equals, source = word.partition("=")
        if not (service and equals and source):
            raise ConfigError(
                f"--image {word} is not SERVICE=SOURCE",
                fix="write it as web=docker-daemon:NAME, or see --help",
            )
        _check_service(app, service, source)
        if service in found:
            raise ConfigError(f"--image gives {service} two images", fix="give it one")
        found[service] = source
    return found


@contextmanager
def app_images(
    app: App,
    store: Store,
    given: Mapping[str, str],
    *,
    build: bool = True,
    engine: str | None = None,
    progress: Progress = SILENT,
) -> Iterator[Mapping[str, Source]]:
    """Every image of the app by service, readable as long as the block lasts: given, else built or pulled.

    Without `build` those that are not given are what was built last, as far as it is known.
    Raises what `open_source` and `build_app` raise; nothing is built when a given image is missing.
    """
    rest = replace(app, services=tuple(one for one in app.services if one.name not in given))
    with ExitStack() as stack:
        images = {name: stack.enter_context(open_source(text, store)) for name, text in given.items()}
        if build:
            built = build_app(rest, store, engine=engine, progress=progress, export=False)
            images |= {name: one.image for name, one in built.items()}
        else:
            images |= find_built(rest, store)
        yield {one.name: images[one.name] for one in app.services if one.name in images}


def _check_service(app: App, service: str, source: str) -> None:
    owners = image_owners(app.services)
    owner = owners.get(service)
    if owner is None:
        names = list(dict.fromkeys(owners.values()))
        raise ConfigError(
            f'--image: there is no service "{service}"{did_you_mean(service, names)}',
            fix=f"choose from: {', '.join(names)}",
        )
    if owner != service:
        raise ConfigError(f"--image: {service} runs the image of {owner}", fix=f"--image {owner}={source}")
