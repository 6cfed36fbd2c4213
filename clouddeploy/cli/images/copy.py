"""`clouddeploy images copy`"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.cli import live, options, view
from clouddeploy.cli.project import app_and_targets, short, size
from clouddeploy.errors import CloudDeployError, ConfigError, PartialError
from clouddeploy.images.sources import Source, open_source, registry_name
from clouddeploy.images.store import Store
from clouddeploy.oci.descriptor import is_digest
from clouddeploy.oci.reference import Reference
from clouddeploy.push import How
from clouddeploy.release.copy import Copied, copy_image, open_at_target, open_destinations

Image = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="HOST/PATH:TAG, docker-daemon:NAME, podman:NAME, oci:FOLDER, oci-archive:FILE, "
        "docker-archive:FILE, or with --from an image of that target: shop/web:v1.",
    ),
]
Destinations = Annotated[
    list[str] | None, typer.Argument(metavar="[DEST]...", help="HOST/PATH:TAG; or use --to.")
]
From = Annotated[
    str | None, typer.Option("--from", metavar="TARGET", help="Read the image from this target's registry.")
]


def copy(
    source: Image,
    destinations: Destinations = None,
    from_: From = None,
    to: options.To = None,
    config: options.Config = None,
    jobs: options.Jobs = 4,
    dry_run: options.DryRun = False,
) -> None:
    """Copy an image as it is, all its platforms and what refers to it: the digest stays the same.

    Each layer is read once for all destinations, mounted where the registry has it elsewhere,
    and not sent where it is. Nothing is stored here in between.
    """
    targets = app_and_targets(to, config)[1] if to else []
    name = _name(source, from_)
    if dry_run:
        for place in [*(destinations or ()), *(one.settings.name for one in targets)]:
            view.say(f"would copy {source} to {place}")
        view.note("nothing was changed")
        return
    with ExitStack() as stack:
        image = stack.enter_context(_opened(source, from_, config))
        places = stack.enter_context(open_destinations(destinations or [], targets, name))
        with live.progress() as progress:
            copied = copy_image(image, places, How(jobs, progress=progress))
    view.table(("", "IMAGE", "DIGEST", "SENT", "TOOK", "RESULT"), [_row(one) for one in copied])
    _finish(copied)


@contextmanager
def _opened(source: str, from_: str | None, config: Path | None) -> Iterator[Source]:
    if from_ is None:
        with open_source(source, Store.default()) as image:
            yield image
        return
    _, targets = app_and_targets([from_], config)
    if len(targets) != 1:
        raise ConfigError("an image comes from one target", fix="name one with --from")
    repository, at, digest = source.partition("@")
    name, _, tag = (repository, "", "") if at else source.rpartition(":")
    if not name or not (tag or is_digest(digest)):
        raise ConfigError(f"{source} does not say which image is meant", fix=f"write {source}:TAG")
    with open_at_target(targets[0], name, digest or tag) as found:
        yield found


def _name(source: str, from_: str | None) -> Reference | None:
    """The name under which targets get the image."""
    return registry_name(source) if from_ is None else Reference.parse(f"localhost/{source}")


def _row(one: Copied) -> tuple[str | Text, ...]:
    done, where = one.delivered.result, one.delivered.destination
    name = where.name or where.client.host
    path = f"{name} {where.repository}:{where.tags[0]}"
    if done is None:
        return view.tick(False), path, "", "", "", "failed"
    what = "same digest" if done.unchanged else "copied"
    if done.mounted:
        what += f", {done.mounted} mounted"
    if one.referrers:
        what += f", {one.referrers} referrers"
    return view.tick(True), path, short(done.digest), size(done.bytes_sent), f"{done.seconds:.1f}s", what


def _finish(copied: Sequence[Copied]) -> None:
    errors = [one.delivered.error for one in copied if one.delivered.error]
    if not errors:
        first = copied[0].delivered
        if first.result:
            view.next_step(f"docker pull {first.result.reference.partition('@')[0]}")
        return
    if len(copied) == 1:
        raise errors[0]
    for error in errors:
        view.failure(error)
    done = len(copied) - len(errors)
    message = f"{done} of {len(copied)} copies done"
    raise PartialError(message, fix="run the same command again") if done else CloudDeployError(message)
