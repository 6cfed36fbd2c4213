"""Do the same for each target, and say honestly what became of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from clouddeploy import plugins
from clouddeploy.app.model import Target
from clouddeploy.errors import CloudDeployError, CredentialsError
from clouddeploy.seam.provider import Provider

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What became of one target: a value or an error, after `seconds`."""

    target: Target
    seconds: float
    value: T | None = None
    error: CloudDeployError | None = None

    @property
    def name(self) -> str:
        """The target's name."""
        return self.target.settings.name


def each(
    targets: Sequence[Target], action: Callable[[Target], T], *, at_once: bool = False
) -> list[Outcome[T]]:
    """`action` for every target in turn, or `at_once`; one that fails does not stop the others."""
    if not at_once or len(targets) < 2:
        return [_outcome(target, action) for target in targets]
    with ThreadPoolExecutor(len(targets), thread_name_prefix="target") as pool:
        return list(pool.map(lambda target: _outcome(target, action), targets))


def go_on(
    outcomes: Sequence[Outcome[S]], action: Callable[[list[Target]], Sequence[Outcome[T]]]
) -> list[Outcome[T]]:
    """`action` for the targets that are done so far; the others keep their errors."""
    done = {one.name: one for one in action([one.target for one in outcomes if one.error is None])}
    return [_longer(before, done.get(before.name)) for before in outcomes]


def _longer(before: Outcome[S], after: Outcome[T] | None) -> Outcome[T]:
    if after is None:
        return Outcome(before.target, before.seconds, error=before.error)
    return replace(after, seconds=before.seconds + after.seconds)


def connected(target: Target) -> Provider:
    """The target's provider, once the credentials belong to the account that the target names.

    Raises CredentialsError for another account, before anything is read or written there.
    """
    provider = plugins.connect(target.settings)
    wanted = target.settings.account
    if wanted and (actual := provider.identity().account) != wanted:
        raise CredentialsError(
            f"target {target.settings.name} belongs to account {wanted}, the credentials to {actual}; "
            "nothing was changed",
            fix=f"use credentials of account {wanted}, or correct targets.{target.settings.name}.account",
        )
    return provider


def _outcome(target: Target, action: Callable[[Target], T]) -> Outcome[T]:
    start = time.monotonic()
    try:
        value = action(target)
    except CloudDeployError as error:
        return Outcome(target, time.monotonic() - start, error=error)
    return Outcome(target, time.monotonic() - start, value)
