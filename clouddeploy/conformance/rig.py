"""What the conformance suite has to know about a provider."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clouddeploy.contract import TargetSettings


class Clock(Protocol):
    """What the engine of clusters waits with, in seconds."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True)
class Site:
    """A running cloud for one test.

    `target` has no other way to it than the `environment`. `cluster` is ready from the start,
    None when a provisioner has to make one. `refused` are changes of the environment, None for
    removing, with which nobody may be let in; `secrets` are values that nothing may show.
    `writes` counts the changing requests so far, and `disown` takes our tag off a cluster. `attached` counts
    the load balancers and disks that the account holds. `stranger` is an account of somebody else's, as this
    cloud names accounts.
    """

    target: TargetSettings
    environment: Mapping[str, str]
    cluster: str | None
    refused: Mapping[str, Mapping[str, str | None]]
    secrets: Sequence[str]
    clock: Clock = time
    writes: Callable[[], int] | None = None
    disown: Callable[[str], None] | None = None
    attached: Callable[[], int] | None = None
    stranger: str = "210987654321"


Cloud = Callable[[], Site]
"""A running cloud: each call empties it and describes it anew."""


@dataclass(frozen=True)
class Rig:
    """A provider: how to start its cloud, and what it promises.

    `offline` is a target complete enough for `address` to need no request; `late` are the
    packages that only a first call may import; `asks_who` says that the cloud itself answers
    `identity`, and `fixes_tags` that `registry: {immutable: true}` makes repositories whose tags never
    move. Variables that begin with one of `cleared` are taken out of the environment.
    """

    name: str
    start: Callable[[Path], AbstractContextManager[Cloud]]
    offline: TargetSettings
    late: Sequence[str]
    cleared: Sequence[str]
    provisions: bool = False
    asks_who: bool = False
    fixes_tags: bool = False


class EmulatedClock:
    """Waiting lets the emulated cloud's time pass, and gives its threads real time for their work.

    `settle` waits until they are done; without it they get a moment.
    """

    def __init__(self, advance: Callable[[float], None], settle: Callable[[], object] | None = None) -> None:
        self._advance = advance
        self._settle = settle or (lambda: time.sleep(0.01))
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float, /) -> None:
        self._settle()
        self._advance(seconds)
        self._now += seconds
