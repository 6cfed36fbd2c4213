"""`clouddeploy registry list`"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from clouddeploy.app.load import describes_app
from clouddeploy.app.model import Target
from clouddeploy.cli import options, view
from clouddeploy.cli.project import app_and_targets, find_app
from clouddeploy.release.logins import Entry, look


def list_registries(
    to: options.To = None, config: options.Config = None, output: options.Form = options.Output.table
) -> None:
    """List the targets' registries and the hosts that docker has logins for; each login is tried."""
    found = look(_targets(to, config))
    if output is not options.Output.table:
        view.data([_plain(one) for one in found], output.value)
        return
    view.table(("", "TARGET", "REGISTRY", "REPOS", "LOGIN"), [_row(one) for one in found])
    for one in found:
        if one.entered is not False:
            continue
        if one.absent:
            view.next_step(f"clouddeploy push --to {one.target}", why="makes it")
            continue
        where = f"--to {one.target}" if one.target else one.host
        view.next_step(f"clouddeploy registry login {where}")
    if not found:
        view.next_step("clouddeploy registry login HOST", why="there is no target and no login")


def _targets(to: Sequence[str] | None, config: Path | None) -> list[Target]:
    """None where there is no app and no --to: docker's logins are listed then."""
    if not to and config is None and not describes_app(Path.cwd()):
        return []
    if to:
        return app_and_targets(to, config)[1]
    return list(find_app(config, show_inferred=False).targets.values())


def _row(one: Entry) -> tuple[str | Text, ...]:
    count = "-" if one.repositories is None else str(one.repositories)
    login = ", ".join(part for part in (one.account, one.detail) if part)
    return (view.tick(one.entered is not False), one.target, one.host, count, login)


def _plain(one: Entry) -> dict[str, object]:
    shown = asdict(one)
    del shown["absent"]  # which `detail` says
    return {**shown, "target": one.target or None}
