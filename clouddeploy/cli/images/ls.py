"""`clouddeploy images ls`"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.cli import options, view
from clouddeploy.cli.images.common import ago, bytes_of, named_by, plain
from clouddeploy.cli.outcomes import finish
from clouddeploy.cli.project import app_and_targets, short
from clouddeploy.errors import ConfigError
from clouddeploy.release.holdings import Held, held_at, held_by, is_full, own_repositories
from clouddeploy.release.targets import Outcome, each
from clouddeploy.release.uses import Uses, find_uses

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[REPOSITORY]...", help="Of the targets, as shop/web; of any registry, as ghcr.io/acme/web."
    ),
]
Every = Annotated[
    bool,
    typer.Option("--all", "-a", help="Every repository of the targets' registries; images without tag too."),
]


@dataclass(frozen=True)
class Shelf:
    """Some repositories, whose they are (a target's name, or none), and who uses what is in them."""

    target: str
    held: Sequence[Held]
    uses: Uses


def ls(
    names: Names = None,
    to: options.To = None,
    config: options.Config = None,
    every: Every = False,
    output: options.Form = options.Output.table,
) -> None:
    """List images in registries: tag, digest, size, when they were pushed, what uses them.

    Without a name the app's own repositories, on all targets or those of --to.
    """
    full = [name for name in names or () if is_full(name)]
    if full and len(full) != len(names or ()):
        raise ConfigError("some names have a host and some have none", fix="ask for them one after the other")
    if full:
        _print([Shelf("", [held_at(name) for name in full], Uses())], every, output)
        return
    outcomes = _of_targets(names, to, config, every)
    shelves = [one.value for one in outcomes if one.value]
    _print(shelves, every, output)
    finish(outcomes, "images ls")
    if not any(held.images for one in shelves for held in one.held):
        view.next_step(f"clouddeploy push --to {outcomes[0].name}", why="there are no images")


def _of_targets(
    names: Sequence[str] | None, to: Sequence[str] | None, config: Path | None, every: bool
) -> list[Outcome[Shelf]]:
    app, targets = app_and_targets(to, config)
    wanted = list(names or ()) or (own_repositories(app) if app and not every else None)
    held = each(targets, lambda target: held_by(target, wanted, missing_ok=not names))
    uses = find_uses([one.target for one in held if one.value])
    for target, why in uses.unknown.items():
        view.note(f"{target}: what runs there is unknown: {why}")
    return [
        Outcome(one.target, one.seconds, Shelf(one.name, one.value, uses), one.error)
        if one.value is not None
        else Outcome(one.target, one.seconds, error=one.error)
        for one in held
    ]


def _print(shelves: Sequence[Shelf], every: bool, output: options.Output) -> None:
    if output is not options.Output.table:
        view.data([row for shelf in shelves for row in _plain(shelf)], output.value)
        return
    columns = ("TARGET", "REPOSITORY", "TAG", "DIGEST", "SIZE", "PUSHED", "USED BY")
    rows = [row for shelf in shelves for row in _rows(shelf, every)]
    targets = any(shelf.target for shelf in shelves)
    view.table(columns if targets else columns[1:-1], rows if targets else [row[1:-1] for row in rows])


def _rows(shelf: Shelf, every: bool) -> list[tuple[str | Text, ...]]:
    """One row per tag, as docker does it."""
    return [
        (
            shelf.target,
            held.repository,
            tag,
            short(image.digest),
            bytes_of(image),
            ago(image.pushed),
            "?"
            if shelf.target in shelf.uses.unknown
            else " ".join(named_by(shelf.uses, held.address, image)),
        )
        for held in shelf.held
        for image in held.images
        for tag in image.tags or (("<none>",) if every else ())
    ]


def _plain(shelf: Shelf) -> list[dict[str, object]]:
    return [
        {
            "target": shelf.target or None,
            "repository": held.repository,
            "address": held.address,
            **plain(image),
            "used_by": None
            if shelf.target in shelf.uses.unknown
            else [
                {
                    "target": target,
                    "namespace": use.namespace,
                    "kind": use.kind,
                    "name": use.name,
                    "release": use.release or None,
                }
                for target, use in shelf.uses.of(held.address, image)
            ],
        }
        for held in shelf.held
        for image in held.images
    ]
