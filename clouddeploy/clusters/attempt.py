"""One step on its way: what was seen, what was tried, how long to wait."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Protocol

from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy.progress import Task
from clouddeploy.seam.cluster import State, Status, Step

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 15.0
_GROWTH = 1.3  # a result is noticed at most about a third later than it was there
_PATIENCE = 600.0  # IAM roles and freed network interfaces take minutes to be seen everywhere
_SETTLE = 10.0  # lists lag behind creates by seconds: a second create before that could make a twin
_TRIES = 5


class Clock(Protocol):
    """Seconds that only go forward, and waiting for some of them; the `time` module is one."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


class Attempt:
    """One step on its way: what was seen and tried so far, and how long to wait for more.

    A state that was not seen before is progress: waits are short again and tries count anew.
    """

    def __init__(self, step: Step, task: Task, clock: Clock, deadline: float) -> None:
        self.step = step
        self._task = task
        self._clock = clock
        self._deadline = deadline
        self._start = self._changed = clock.monotonic()
        self._seen: set[State] = set()
        self._state = State(Status.ABSENT)
        self._tries = 0
        self._pause = _FIRST_WAIT
        self._trouble: float | None = None

    def look(self) -> State:
        """The step's state; TemporaryErrors are waited out."""
        start = self._clock.monotonic()
        while True:
            try:
                state = self.step.state()
            except TemporaryError as error:
                self._endure(error, start)
                continue
            self._note(state)
            return state

    def due(self, state: State) -> bool:
        """Whether to create or delete now; CloudDeployError when that has been in vain too often."""
        if self._tries == 0:
            return True
        if self._clock.monotonic() - self._changed < _SETTLE * 2 ** (self._tries - 1):
            return False
        if self._tries < _TRIES:
            return True
        if state.status is Status.PENDING:
            return False
        raise CloudDeployError(
            f"still {_words(state)} after {self._tries} tries",
            fix="look at it in the cloud's console",
        )

    def change(self, action: Callable[[], None]) -> None:
        """Start creating or deleting; a TemporaryError leaves it to the next round."""
        start = self._clock.monotonic()
        try:
            action()
        except TemporaryError as error:
            self._trouble = start if self._trouble is None else self._trouble
            # Deleting what is still being created is refused for as long as that takes.
            busy = self._state.status is Status.PENDING
            self._endure(error, math.inf if busy else self._trouble)
            return
        self._tries += 1
        self._changed = self._clock.monotonic()
        self._trouble = None

    def wait(self) -> None:
        """Until it is worth looking again; TemporaryError when the time is over."""
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            raise TemporaryError(f"still {_words(self._state)} after {_spell(self._elapsed())}")
        self._clock.sleep(min(self._pause, left))
        self._pause = min(self._pause * _GROWTH, _LONGEST_WAIT)

    def _note(self, state: State) -> None:
        if state not in self._seen:
            self._seen.add(state)
            self._tries, self._pause, self._trouble = 0, _FIRST_WAIT, None
        self._state = state
        self._task.say(_words(state))

    def _endure(self, error: TemporaryError, since: float) -> None:
        if self._clock.monotonic() >= min(self._deadline, since + _PATIENCE):
            raise error
        self._task.say(error.message)
        # Several runs that were throttled together must not come back together.
        self._clock.sleep(self._pause * random.uniform(0.5, 1))  # noqa: S311
        self._pause = min(self._pause * 2, _LONGEST_WAIT)

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._start


def _words(state: State) -> str:
    return state.detail or state.status.value


def _spell(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
