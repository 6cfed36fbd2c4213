"""How the outcomes of several targets end a command: its table's rows and its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from clouddeploy.cli import view
from clouddeploy.cli.aim import aimed
from clouddeploy.errors import CloudDeployError, PartialError
from clouddeploy.release.targets import Outcome


def trouble(outcome: Outcome[Any], columns: int) -> list[tuple[str | Text, ...]]:
    """The row of a target that failed, as wide as the table; none for one that is done."""
    if outcome.error is None:
        return []
    blank = [""] * (columns - 4)
    return [(view.tick(False), outcome.name, *blank, f"{outcome.seconds:.1f}s", "failed")]


def finish(outcomes: Sequence[Outcome[Any]], verb: str) -> None:
    """Return when every target is done; else raise what ends the command with the right code.

    One target's error is raised as it is. Of several, each is printed with its fix, and
    PartialError says how to run again what failed.
    """
    failed = [outcome for outcome in outcomes if outcome.error]
    if not failed:
        return
    for outcome in failed:
        if outcome.error:
            outcome.error.fix = aimed(outcome.error.fix, outcome.name)
    if len(outcomes) == 1 and failed[0].error:
        raise failed[0].error
    for outcome in failed:
        view.note(f"{outcome.name}:", style="bold")
        view.failure(outcome.error or CloudDeployError("failed"))
    names = ",".join(outcome.name for outcome in failed)
    done = len(outcomes) - len(failed)
    message, fix = f"{done} of {len(outcomes)} targets done", f"clouddeploy {verb} --to {names}"
    raise PartialError(message, fix=fix) if done else CloudDeployError(message, fix=fix)
