"""`clouddeploy search`"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.cli import options, view
from clouddeploy.cli.images.common import ago, plain
from clouddeploy.cli.outcomes import finish
from clouddeploy.cli.project import app_and_targets, short
from clouddeploy.release.holdings import Held
from clouddeploy.release.search import Pattern
from clouddeploy.release.search import search as search_target
from clouddeploy.release.targets import Outcome, each

Words = Annotated[
    str, typer.Argument(metavar="NAME[:TAG]", help="A part of the name, or with wildcards: 'shop/*:v1.*'.")
]
_MOST_TAGS = 3


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("search")(search)


def search(
    words: Words,
    to: options.To = None,
    config: options.Config = None,
    output: options.Form = options.Output.table,
) -> None:
    """Search the targets' registries for repositories, and for tags in them, by name."""
    pattern = Pattern.parse(words)
    _, targets = app_and_targets(to, config)
    outcomes = each(targets, lambda target: search_target(target, pattern))
    found = [(one.name, held) for one in outcomes for held in one.value or ()]
    if output is not options.Output.table:
        view.data([_plain(target, held, pattern) for target, held in found], output.value)
    elif found:
        columns = ("TARGET", "REPOSITORY", "IMAGES", "NEWEST", "PUSHED", "TAGS")
        view.table(columns, [_row(target, held, pattern) for target, held in found])
    finish(outcomes, f"search {words}")
    _next(found, outcomes)


def _next(found: list[tuple[str, Held]], outcomes: list[Outcome[list[Held]]]) -> None:
    if found:
        target, held = found[0]
        view.next_step(f"clouddeploy images ls {held.repository} --to {target}")
    else:
        view.note(f"nothing fits in {', '.join(one.name for one in outcomes)}")
        view.next_step(f"clouddeploy images ls --all --to {outcomes[0].name}", why="shows everything")


def _row(target: str, held: Held, pattern: Pattern) -> tuple[str | Text, ...]:
    tags = [tag for image in held.images for tag in pattern.tags_of(image)]
    newest = held.images[0] if held.images else None
    more = f" and {len(tags) - _MOST_TAGS} more" if len(tags) > _MOST_TAGS else ""
    return (
        target,
        held.repository,
        str(len(held.images)),
        short(newest.digest) if newest else "-",
        ago(newest.pushed if newest else None),
        " ".join(tags[:_MOST_TAGS]) + more,
    )


def _plain(target: str, held: Held, pattern: Pattern) -> dict[str, object]:
    images = [{**plain(image), "tags": pattern.tags_of(image)} for image in held.images]
    return {"target": target, "repository": held.repository, "address": held.address, "images": images}
