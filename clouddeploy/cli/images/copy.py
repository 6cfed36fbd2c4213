"""`clouddeploy images copy`"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.app.model import Target
from clouddeploy.cli import live, options, view
from clouddeploy.cli.project import app_and_targets, find_app, short, size
from clouddeploy.errors import CloudDeployError, ConfigError, PartialError
from clouddeploy.images.sources import Source, open_source, registry_name
from clouddeploy.images.store import Store
from clouddeploy.oci.reference import Reference
from clouddeploy.push import How
from clouddeploy.release.copy import (
    Copied,
    copy_image,
    open_at_target,
    open_places,
    own_images,
    parse_destination,
)

Image = Annotated[
    str | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="HOST/PATH:TAG, docker-daemon:NAME, podman:NAME, oci:FOLDER, oci-archive:FILE, "
        "docker-archive:FILE; with --from an image of that target, shop/web:v1, or none for the app's own.",
    ),
]
Destinations = Annotated[
    list[str] | None, typer.Argument(metavar="[DEST]...", help="HOST/PATH:TAG; or use --to.")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", envvar="CLOUDDEPLOY_FROM", metavar="TARGET", help="Read from this target's registry."
    ),
]


def copy(
    source: Image = None,
    destinations: Destinations = None,
    from_: From = None,
    to: options.To = None,
    config: options.Config = None,
    tag: options.Tag = None,
    jobs: options.Jobs = 4,
    dry_run: options.DryRun = False,
) -> None:
    """Copy an image as it is, all its platforms and what refers to it: the digest stays the same.

    Each layer is read once for all destinations, mounted where the registry has it elsewhere,
    and not sent where it is. Nothing is stored here in between. With --from and --to and no
    SOURCE, the app's own images of --tag (or of this commit) are copied.
    """
    references = [parse_destination(text) for text in destinations or ()]
    targets = app_and_targets(to, config)[1] if to else []
    if not references and not targets:
        raise ConfigError("there is no destination", fix="add HOST/PATH:TAG, or --to with a target's name")
    origin = _origin(from_, config) if from_ else None
    if source is None and origin is None:
        raise ConfigError("there is no source", fix="name an image, or a target with --from")
    sources = [source] if source else own_images(find_app(config, show_inferred=False), tag)
    wanted = [_Wanted(each, origin, _name(each, origin)) for each in sources]
    if dry_run:
        _plan(sources, [*map(str, references), *(each.settings.name for each in targets)])
        return
    with live.progress() as progress:
        how = How(jobs, progress=progress)
        copied = [done for each in wanted for done in _copied(each, references, targets, how)]
    view.table(("", "IMAGE", "DIGEST", "SENT", "TOOK", "RESULT"), [_row(each) for each in copied])
    _finish(copied)
    if source is None:
        names, tag = ",".join(each.settings.name for each in targets), sources[0].rpartition(":")[2]
        view.next_step(f"clouddeploy deploy --to {names} --tag {tag}")
    elif copied[0].result:
        view.next_step(f"docker pull {copied[0].result.reference.partition('@')[0]}")


@dataclass(frozen=True)
class _Wanted:
    """A source, the target that has it, and the name under which targets get it."""

    source: str
    origin: Target | None
    name: Reference | None


def _origin(name: str, config: Path | None) -> Target:
    _, targets = app_and_targets([name], config)
    if len(targets) != 1:
        raise ConfigError("an image comes from one target", fix="name one with --from")
    return targets[0]


def _copied(
    wanted: _Wanted, references: Sequence[Reference], targets: Sequence[Target], how: How
) -> list[Copied]:
    try:
        with _opened(wanted) as image, open_places(references, targets, wanted.name) as places:
            return copy_image(image, places, how)
    except CloudDeployError as error:
        return [Copied(wanted.source, error=error)]


@contextmanager
def _opened(wanted: _Wanted) -> Iterator[Source]:
    name = wanted.name
    if wanted.origin and name:
        with open_at_target(wanted.origin, name.repository, name.digest or name.tag or "") as found:
            yield found
    else:
        with open_source(wanted.source, Store.default()) as image:
            yield image


def _name(source: str, origin: Target | None) -> Reference | None:
    """The name under which targets get the image; of a target's own it says which image is meant."""
    if origin is None:
        return registry_name(source)
    if "@" not in source and ":" not in source:
        raise ConfigError(f"{source} does not say which image is meant", fix=f"write {source}:TAG")
    return Reference.parse(f"localhost/{source}")


def _plan(sources: Sequence[str], places: Sequence[str]) -> None:
    for source in sources:
        for place in places:
            view.say(f"would copy {source} to {place}")
    view.note("nothing was changed")


def _row(one: Copied) -> tuple[str | Text, ...]:
    done, ok = one.result, one.error is None
    if done is None:
        return view.tick(ok), one.place, "", "", "", "failed"
    parts = ["same digest" if done.unchanged else "copied"]
    parts += [f"{done.mounted} mounted"] if done.mounted else []
    parts += [f"{one.referrers} referrers"] if one.referrers else []
    parts += [] if ok else ["not all that refers to it"]
    took = f"{done.seconds:.1f}s"
    return view.tick(ok), one.place, short(done.digest), size(done.bytes_sent), took, ", ".join(parts)


def _finish(copied: Sequence[Copied]) -> None:
    """As for several targets: one error is raised as it is, of several each is printed."""
    failed = [each for each in copied if each.error]
    if len(copied) == 1 and failed and failed[0].error:
        raise failed[0].error
    for each in failed:
        view.note(f"{each.place}:", style="bold")
        view.failure(each.error or CloudDeployError("failed"))
    done, fix = len(copied) - len(failed), "run the same command again: what has arrived is not sent again"
    if failed:
        message = f"{done} of {len(copied)} copies done"
        raise PartialError(message, fix=fix) if done else CloudDeployError(message, fix=fix)
