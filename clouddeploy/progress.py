"""How long work tells what it is doing, without knowing who watches.

Library code takes a `Progress` and never prints; `clouddeploy.cli.view` draws it.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self


class Task(Protocol):
    """One piece of work; leaving the `with` block ends it, an exception marks it failed.

    Safe to use from several threads.
    """

    def advance(self, amount: int) -> None:
        """`amount` more units (bytes when the task has a byte total) are done."""
        ...

    def say(self, detail: str) -> None:
        """Replace the short text behind the title."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Progress(Protocol):
    """Opens tasks; `total` is in bytes, None when the amount of work is unknown."""

    def task(self, title: str, *, total: int | None = None) -> Task: ...


class _SilentTask:
    def advance(self, amount: int) -> None:
        pass

    def say(self, detail: str) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class _Silent:
    def task(self, title: str, *, total: int | None = None) -> Task:
        return _SilentTask()


SILENT: Progress = _Silent()
"""A progress that nobody watches, for library use and tests."""
