"""Plans and runs over a provider's steps: up in the order of creation, down in reverse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from clouddeploy.clusters.attempt import Attempt, Clock
from clouddeploy.errors import CloudDeployError, ForeignResourceError
from clouddeploy.progress import SILENT, Progress
from clouddeploy.seam.cluster import State, Status, Step

TIMEOUT = 45 * 60.0
"""Seconds that a whole run may take: a cluster needs 10 to 20 minutes, on a bad day twice that."""

GO_ON = "run the same command again to go on"
"""What to do about a run that was cut off."""

LOOK_PATIENCE = 60.0
"""Seconds for which a plan waits out what may pass."""


class Action(StrEnum):
    """What a run would do, or did, about one step."""

    CREATE = "create"
    KEEP = "keep"
    WAIT = "wait"
    DELETE = "delete"
    GONE = "gone"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Planned:
    """What a run would do about one step; `error` is what it would refuse with."""

    title: str
    state: State
    action: Action
    error: CloudDeployError | None = None

    @property
    def reason(self) -> str:
        """Why this action, in the cloud's words or in those of the refusal."""
        return self.error.message if self.error else self.state.detail


@dataclass(frozen=True)
class Done:
    """What a run did about one step, and in how many seconds."""

    title: str
    action: Action
    seconds: float


def plan_up(steps: Sequence[Step], *, clock: Clock = time) -> list[Planned]:
    """What `up` would do; only reads."""
    return [_plan(step, _up_action, clock) for step in steps]


def plan_down(steps: Sequence[Step], *, clock: Clock = time) -> list[Planned]:
    """What `down` would do, in its order: last made, first deleted; only reads."""
    return [_plan(step, _down_action, clock) for step in reversed(steps)]


def up(
    steps: Sequence[Step],
    *,
    progress: Progress = SILENT,
    clock: Clock = time,
    timeout: float = TIMEOUT,
    go_on: str = GO_ON,
) -> list[Done]:
    """Makes every step READY, in order, within `timeout` seconds for all of them.

    Nothing is made while any step is foreign or FAILED. Raises the provider's error with the
    steps that are done in its message, and `go_on` in its fix; TemporaryError when the time is over.
    """
    require_possible(plan_up(steps, clock=clock))
    with _saying_how_to_go_on(go_on):
        return _run(steps, _make, progress, clock, timeout)


def down(
    steps: Sequence[Step], *, progress: Progress = SILENT, clock: Clock = time, timeout: float = TIMEOUT
) -> list[Done]:
    """Deletes every step, the last made first; nothing while any is foreign. Errors as for `up`."""
    require_possible(plan_down(steps, clock=clock))
    with _saying_how_to_go_on(GO_ON):
        return _run(steps[::-1], _remove, progress, clock, timeout)


def _up_action(state: State) -> Action:
    return {
        Status.ABSENT: Action.CREATE,
        Status.PENDING: Action.WAIT,
        Status.READY: Action.KEEP,
        Status.FAILED: Action.REFUSE,
    }[state.status]


def _down_action(state: State) -> Action:
    return Action.GONE if _gone(state) else Action.DELETE


def _gone(state: State) -> bool:
    # ABSENT with a detail is half-made: there is something that create() would complete.
    return state.status is Status.ABSENT and not state.detail


def _plan(step: Step, choose: Callable[[State], Action], clock: Clock) -> Planned:
    attempt = Attempt(step, SILENT.task(step.title), clock, clock.monotonic() + LOOK_PATIENCE)
    try:
        state = attempt.look()
    except ForeignResourceError as error:
        return Planned(step.title, State(Status.FAILED, error.message), Action.REFUSE, error)
    action = choose(state)
    return Planned(step.title, state, action, _failed(state) if action is Action.REFUSE else None)


def require_possible(plan: Sequence[Planned]) -> None:
    """Raise what the run would refuse with, before anything is changed."""
    for planned in plan:
        if planned.error:
            reword(planned.error, f"{planned.title}: {planned.error.message}; nothing was changed")
            raise planned.error


def _failed(state: State) -> CloudDeployError:
    return CloudDeployError(
        f"failed: {state.detail}" if state.detail else "failed, and the cloud does not say why",
        fix="delete what is there: clouddeploy cluster delete with the same --to and --name",
    )


def _run(
    steps: Sequence[Step],
    drive: Callable[[Attempt], Action],
    progress: Progress,
    clock: Clock,
    timeout: float,
) -> list[Done]:
    deadline = clock.monotonic() + timeout
    done: list[Done] = []
    for step in steps:
        start = clock.monotonic()
        try:
            with progress.task(step.title) as task:
                action = drive(Attempt(step, task, clock, deadline))
        except CloudDeployError as error:
            _explain(error, step.title, done, len(steps))
            raise
        done.append(Done(step.title, action, clock.monotonic() - start))
    return done


def _explain(error: CloudDeployError, title: str, done: Sequence[Done], total: int) -> None:
    """The provider's own error object goes on: its class decides the exit code."""
    finished = ": " + ", ".join(one.title for one in done) if done else ""
    reword(error, f"{title}: {error.message} ({len(done)} of {total} steps done{finished})")


@contextmanager
def _saying_how_to_go_on(go_on: str) -> Iterator[None]:
    try:
        yield
    except CloudDeployError as error:
        error.fix = f"{error.fix}; then {go_on}" if error.fix else go_on
        raise


def reword(error: CloudDeployError, message: str) -> None:
    """Let the provider's own error say more."""
    error.message = message
    error.args = (message,)


def _make(attempt: Attempt) -> Action:
    action = Action.KEEP
    while True:
        state = attempt.look()
        if state.status is Status.READY:
            return action
        if state.status is Status.FAILED:
            raise _failed(state)
        if state.status is Status.PENDING:
            action = Action.WAIT if action is Action.KEEP else action
            attempt.wait()
        elif attempt.due(state):
            action = Action.CREATE
            attempt.change(attempt.step.create)
        else:
            attempt.wait()


def _remove(attempt: Attempt) -> Action:
    action = Action.GONE
    while True:
        state = attempt.look()
        if _gone(state):
            return action
        if attempt.due(state):
            action = Action.DELETE
            attempt.change(attempt.step.delete)
        else:
            attempt.wait()
