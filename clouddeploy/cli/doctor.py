"""`clouddeploy doctor`"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.app.model import Target
from clouddeploy.cli import options, view
from clouddeploy.cli.project import app_and_targets
from clouddeploy.errors import PreconditionError
from clouddeploy.release.diagnose import Diagnosis, diagnose, doctor_of

Policy = Annotated[
    bool, typer.Option("--policy", help="Print the least that the credentials must be allowed.")
]

_CREATE = "clouddeploy cluster create"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("doctor")(doctor)


def doctor(
    to: options.To = None,
    config: options.Config = None,
    policy: Policy = False,
    output: options.Form = options.Output.table,
) -> None:
    """Find out what is missing before a command does: credentials, permissions, quota, packages.

    Asks all targets of the app, or those of --to, at once; changes nothing. Needs no app in
    this folder when --to names a provider.
    """
    _, targets = app_and_targets(to, config)
    if policy:
        _print_policies(targets, output)
        return
    found = diagnose(targets)
    if output is not options.Output.table:
        view.data([_plain(one) for one in found], output.value)
    else:
        view.table(("", "TARGET", "CHECK", ""), [row for one in found for row in _rows(one)])
        for one in found:
            if one.start:
                view.say(f"\nto start with {one.provider}", style="bold")
                view.say(one.start)
    _finish(found)


def _print_policies(targets: Sequence[Target], output: options.Output) -> None:
    """Each policy as its cloud takes it; as data all of them are one document."""
    stated: list[dict[str, object]] = []
    for target in targets:
        doctor = doctor_of(target)
        if doctor is None:
            view.note(f"{target.settings.name}: the provider {target.settings.provider} states no policy")
            continue
        if output is not options.Output.table:
            stated.append(_policy(target, doctor.policy()))
            continue
        if len(targets) > 1:
            view.note(f"{target.settings.name}:", style="bold")
        view.result(doctor.policy())
    if output is not options.Output.table:
        view.data(stated, output.value)


def _policy(target: Target, text: str) -> dict[str, object]:
    """A policy that is JSON is part of the document, another one is a text in it."""
    try:
        policy = json.loads(text)
    except ValueError:
        policy = text
    return {"target": target.settings.name, "provider": target.settings.provider, "policy": policy}


def _rows(one: Diagnosis) -> list[tuple[str | Text, ...]]:
    rows: list[tuple[str | Text, ...]] = []
    for check in one.checks:
        rows.append((view.tick(check.ok), one.target, check.title, check.detail))
        if check.fix and check.ok is not True:
            rows.append(("", "", "", f"fix: {check.fix}"))
    return rows


def _plain(one: Diagnosis) -> dict[str, object]:
    return {
        "target": one.target,
        "provider": one.provider,
        "ok": not one.failed,
        "checks": [asdict(check) for check in one.checks],
    }


def _next(found: Sequence[Diagnosis]) -> dict[str, list[str]]:
    """The command after a good diagnosis, with its targets: first a cluster, then the app."""
    ready: dict[str, list[str]] = {}
    for one in found:
        advised = [check.fix or "" for check in one.checks if check.ok is None]
        create = any(fix.startswith(_CREATE) for fix in advised)
        ready.setdefault(_CREATE if create else "clouddeploy deploy", []).append(one.target)
    if _CREATE in ready:  # it takes one target
        return {_CREATE: ready[_CREATE][:1]}
    return ready


def _finish(found: Sequence[Diagnosis]) -> None:
    failed = sum(one.failed for one in found)
    if not failed:
        for command, ready in _next(found).items():
            view.next_step(f"{command} --to {','.join(ready)}", why="nothing that was asked is missing")
        return
    names = ",".join(one.target for one in found if one.failed)
    total = sum(len(one.checks) for one in found)
    raise PreconditionError(
        f"{failed} of {total} checks failed",
        fix=f"do what it says, then: clouddeploy doctor --to {names}",
    )
