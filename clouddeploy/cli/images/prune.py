"""`clouddeploy images prune`"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.app.model import App, Target
from clouddeploy.cli import options, view
from clouddeploy.cli.images.common import ago, bytes_of, named_by, plain
from clouddeploy.cli.outcomes import finish
from clouddeploy.cli.project import app_and_targets, short, size
from clouddeploy.errors import ConfigError, NotFoundError, PreconditionError
from clouddeploy.release.holdings import own_repositories
from clouddeploy.release.prune import Plan, carry_out, plan_prune
from clouddeploy.release.registries import OpenRegistry, open_target
from clouddeploy.release.targets import Outcome, connected, each
from clouddeploy.release.uses import Uses, find_uses
from clouddeploy.seam.registry import StoredImage

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[REPOSITORY]...", help="Instead of the app's own, as shop/web.")
]
Keep = Annotated[
    int, typer.Option("--keep", envvar="CLOUDDEPLOY_KEEP", min=1, help="How many images with a tag stay.")
]
KeepTags = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-tag", metavar="TAG", help="Whatever has this tag stays, as stable or 'v*'; repeatable."
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore-cluster", metavar="TARGET", help="Do not ask this target's cluster; repeatable."),
]

_SHOWN = 3


@dataclass(frozen=True)
class Rules:
    """What stays: how many of the newest, which tags, what the clusters name."""

    keep: int
    tags: Sequence[str]
    uses: Uses

    def why(self, address: str, image: StoredImage) -> str:
        """Who still names an image, empty for nobody."""
        names = named_by(self.uses, address, image)
        if names:
            return f"used by {' '.join(names[:_SHOWN])}{' …' if len(names) > _SHOWN else ''}"
        kept = (tag for tag in image.tags for pattern in self.tags if fnmatchcase(tag, pattern))
        tag = next(kept, None)
        return f"tag {tag} stays" if tag else ""


@dataclass(frozen=True)
class Planned:
    """One target's plans, and its registry."""

    registry: OpenRegistry
    plans: Sequence[Plan]

    @property
    def going(self) -> list[StoredImage]:
        return [image for plan in self.plans for image in plan.going]


def prune(
    keep: Keep,
    names: Names = None,
    to: options.To = None,
    config: options.Config = None,
    keep_tags: KeepTags = None,
    ignore: Ignore = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    output: options.Form = options.Output.table,
) -> None:
    """Delete old images from the targets' registries; the plan is shown first.

    The newest --keep images with a tag stay, and so does whatever has a --keep-tag, whatever a
    cluster of the app's targets names or can be rolled back to, and everything that belongs to an
    image that stays. Images whose age is unknown stay.
    """
    app, targets = app_and_targets(to, config)
    repositories = list(names or ()) or (own_repositories(app) if app else [])
    if not repositories:
        raise ConfigError("no repository is named, and there is no app here", fix="name one, as in shop/web")
    clusters = _clusters(app, targets, ignore or ())
    with ExitStack() as stack:
        rules = Rules(keep, keep_tags or (), _known(clusters))
        planned = each(targets, lambda target: _plan(stack, target, repositories, rules))
        _print(planned, output)
        if not dry_run and any(one.value and one.value.going for one in planned):
            _confirm(planned, yes)
            again = replace(rules, uses=_known(clusters))
            done = each([one.target for one in planned if one.value], _deed(planned, again))
            planned = [*done, *(one for one in planned if one.error)]
        elif dry_run:
            view.note("nothing was changed")
        _afterwards(planned, keep, dry_run)
    finish(planned, f"images prune --keep {keep}")


def _clusters(app: App | None, targets: Sequence[Target], ignore: Sequence[str]) -> list[Target]:
    """The targets whose clusters are asked: all of the app's, since they may share a registry."""
    every = {one.settings.name: one for one in [*targets, *(app.targets.values() if app else ())]}
    unknown = sorted(set(ignore) - set(every))
    if unknown:
        raise ConfigError(f"there is no target {unknown[0]}", fix=f"choose from: {', '.join(every)}")
    return [target for name, target in every.items() if name not in ignore]


def _known(targets: Sequence[Target]) -> Uses:
    uses = find_uses(targets)
    for target, why in uses.unknown.items():
        raise PreconditionError(
            f"what runs on {target} is unknown, so nothing was deleted: {why}",
            fix=f"make its cluster reachable, or add --ignore-cluster {target} if none of these runs there",
        )
    return uses


def _plan(stack: ExitStack, target: Target, repositories: Sequence[str], rules: Rules) -> Planned:
    registry = stack.enter_context(open_target(connected(target)))
    return Planned(registry, [one for name in repositories if (one := _planned(registry, name, rules))])


def _planned(registry: OpenRegistry, repository: str, rules: Rules) -> Plan | None:
    address = registry.address(repository)
    try:
        return plan_prune(
            registry, repository, rules.keep, lambda image: rules.why(address, image), datetime.now(UTC)
        )
    except NotFoundError:
        return None


def _confirm(planned: Sequence[Outcome[Planned]], yes: bool) -> None:
    going = [image for one in planned if one.value for image in one.value.going]
    names = ", ".join(one.name for one in planned if one.value and one.value.going)
    total = size(sum(image.size or 0 for image in going))
    view.confirm(f"delete {len(going)} images ({total}) from {names}?", yes=yes)


def _deed(planned: Sequence[Outcome[Planned]], rules: Rules) -> Callable[[Target], Planned]:
    """Looks again before it deletes: only what both plans let go goes."""
    by_name = {one.name: one.value for one in planned if one.value}

    def act(target: Target) -> Planned:
        shown = by_name[target.settings.name]
        done: list[Plan] = []
        for plan in shown.plans:
            fresh = _planned(shown.registry, plan.repository, rules)
            if fresh:
                done.append(fresh.within(plan))
                carry_out(shown.registry, done[-1])
        view.note(
            f"{target.settings.name}: {sum(len(plan.going) for plan in done)} images deleted", style="bold"
        )
        return Planned(shown.registry, done)

    return act


def _afterwards(planned: Sequence[Outcome[Planned]], keep: int, dry_run: bool) -> None:
    for one in planned:
        if one.value and one.value.going:
            hint = one.value.registry.images.afterwards
            if hint:
                view.note(f"{one.name}: {hint}")
    if not any(one.value and one.value.going for one in planned):
        view.note("there is nothing to delete")
    elif dry_run:
        names = ",".join(one.name for one in planned if one.value and one.value.going)
        view.next_step(f"clouddeploy images prune --keep {keep} --to {names}", why="deletes them")


def _print(planned: Sequence[Outcome[Planned]], output: options.Output) -> None:
    if output is not options.Output.table:
        view.data([row for one in planned for row in _plain(one)], output.value)
        return
    columns = ("", "TARGET", "REPOSITORY", "TAG", "DIGEST", "SIZE", "PUSHED", "WHY")
    view.table(columns, [row for one in planned for row in _rows(one)])


def _rows(one: Outcome[Planned]) -> list[tuple[str | Text, ...]]:
    plans = one.value.plans if one.value else ()
    return [
        (
            Text("keep", style="green") if verdict.stays else Text("delete", style="red"),
            one.name,
            plan.repository,
            " ".join(verdict.image.tags[:2]) or "<none>",
            short(verdict.image.digest),
            bytes_of(verdict.image),
            ago(verdict.image.pushed),
            verdict.why,
        )
        for plan in plans
        for verdict in plan.verdicts
    ]


def _plain(one: Outcome[Planned]) -> list[dict[str, object]]:
    plans = one.value.plans if one.value else ()
    return [
        {
            "target": one.name,
            "repository": plan.repository,
            **plain(verdict.image),
            "action": "keep" if verdict.stays else "delete",
            "why": verdict.why,
        }
        for plan in plans
        for verdict in plan.verdicts
    ]
