"""`clouddeploy images tag`"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.app.model import Target
from clouddeploy.cli import options, view
from clouddeploy.cli.outcomes import finish, trouble
from clouddeploy.cli.project import app_and_targets, short
from clouddeploy.errors import ConfigError
from clouddeploy.oci.reference import Reference
from clouddeploy.release.holdings import full_reference, is_full
from clouddeploy.release.registries import open_host, open_target
from clouddeploy.release.retag import Tagged, check_tags, retag
from clouddeploy.release.targets import Outcome, connected, each

Source = Annotated[
    str,
    typer.Argument(
        metavar="IMAGE", help="Of the targets, as shop/web:v1 or shop/web@sha256:…; or with a host."
    ),
]
Tags = Annotated[list[str], typer.Argument(metavar="TAG...", help="The new tags.")]


def tag(
    source: Source,
    tags: Tags,
    to: options.To = None,
    config: options.Config = None,
    dry_run: options.DryRun = False,
    output: options.Form = options.Output.table,
) -> None:
    """Give an image in a registry more tags; a tag that names another image moves.

    Nothing is built or sent but the manifest, and each tag is read back.
    """
    check_tags(tags)
    if is_full(source):
        _one_host(full_reference(source, tag=True), tags, dry_run, output)
        return
    repository, reference = _split(source)
    _, targets = app_and_targets(to, config)
    if dry_run:
        for target in targets:
            view.say(f"would tag {source} on {target.settings.name} as {' '.join(tags)}")
        view.note("nothing was changed")
        return

    def act(target: Target) -> list[Tagged]:
        with open_target(connected(target)) as registry:
            return retag(registry.client, registry.path(repository), reference, tags)

    outcomes = each(targets, act)
    _print(repository, outcomes, output)
    finish(outcomes, f"images tag {source} {' '.join(tags)}")
    view.next_step(f"clouddeploy deploy --to {','.join(one.name for one in outcomes)} --tag {tags[0]}")


def _one_host(where: Reference, tags: list[str], dry_run: bool, output: options.Output) -> None:
    if dry_run:
        view.say(f"would tag {where} as {' '.join(tags)}")
        view.note("nothing was changed")
        return
    with open_host(where.host) as registry:
        done = retag(registry.client, where.repository, where.digest or where.tag or "latest", tags)
    if output is not options.Output.table:
        view.data([_plain("", where.repository, one) for one in done], output.value)
        return
    view.table(("REPOSITORY", "TAG", "DIGEST", ""), [_row(where.repository, one) for one in done])


def _split(source: str) -> tuple[str, str]:
    """Repository and tag or digest; ConfigError where neither is given."""
    name, at, digest = source.partition("@")
    repository, colon, tag = name.partition(":")
    if not at and not colon:
        raise ConfigError(f"{source} does not say which image is meant", fix=f"write {source}:TAG")
    parsed = Reference.parse(f"localhost/{source}")
    return repository, (parsed.digest if at else tag) or digest


def _print(repository: str, outcomes: list[Outcome[list[Tagged]]], output: options.Output) -> None:
    if output is not options.Output.table:
        view.data(
            [_plain(one.name, repository, each) for one in outcomes for each in one.value or ()], output.value
        )
        return
    rows: list[tuple[str | Text, ...]] = []
    for outcome in outcomes:
        rows += [(view.tick(True), outcome.name, *_row(repository, one)) for one in outcome.value or ()]
        rows += trouble(outcome, columns=6)
    view.table(("", "TARGET", "REPOSITORY", "TAG", "DIGEST", ""), rows)


def _row(repository: str, one: Tagged) -> tuple[str, ...]:
    what = f"moved from {short(one.before or '')}" if one.moved else "same digest" if one.before else "new"
    return repository, one.tag, short(one.digest), what


def _plain(target: str, repository: str, one: Tagged) -> dict[str, object]:
    return {
        "target": target or None,
        "repository": repository,
        "tag": one.tag,
        "digest": one.digest,
        "before": one.before,
    }
