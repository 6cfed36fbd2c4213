"""Progress for people: bars on a terminal, one plain line per finished task elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, DownloadColumn, ProgressColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.progress import Task as BarTask
from rich.table import Column
from rich.text import Text

from clouddeploy.cli import view
from clouddeploy.progress import Progress, Task
from clouddeploy.seam.secret import redact

_MOST_LINES = 16


@contextmanager
def progress() -> Iterator[Progress]:
    """Draw the tasks opened inside the block, on stderr."""
    console = view.console()
    if not console.is_terminal:
        yield _Lines()
        return
    with _Board(console) as board:
        yield _Drawn(board)


class _Seconds(ProgressColumn):
    def render(self, task: BarTask) -> Text:
        return Text(f"{task.finished_time or task.elapsed or 0:.0f}s", style="cyan", justify="right")


class _Rate(ProgressColumn):
    def render(self, task: BarTask) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed / 2**20:.1f} MiB/s" if speed else "", style="dim")


class _Board(Bars):
    """Two tables: tasks with a detail, and below them those that move a known number of bytes."""

    def __init__(self, console: Console) -> None:
        self._plain: tuple[ProgressColumn, ...] = (
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            _Seconds(),
            TextColumn(
                "[dim]{task.fields[detail]}",
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
        )
        self._sized: tuple[ProgressColumn, ...] = (
            *self._plain[:2],
            BarColumn(bar_width=16),
            DownloadColumn(binary_units=True),
            _Rate(),
        )
        super().__init__(console=console, refresh_per_second=10)

    def get_renderables(self) -> Iterator[RenderableType]:
        """What rich draws at each refresh."""
        for sized, columns, wide in ((False, self._plain, True), (True, self._sized, False)):
            tasks = [task for task in self.tasks if task.fields["sized"] is sized]
            if tasks:
                self.columns, self.expand = columns, wide
                yield from self._hidden(tasks)
                yield self.make_tasks_table(_shown(tasks))

    def _hidden(self, tasks: Sequence[BarTask]) -> Iterator[RenderableType]:
        """How many lines there is no room for: an image may have a hundred layers."""
        hidden = len(tasks) - len(_shown(tasks))
        if hidden:
            yield Text(f"✓ {hidden} more done", style="dim")


def _shown(tasks: Sequence[BarTask]) -> list[BarTask]:
    """All that run, and of those that are done the last, as many as fit."""
    running = [task for task in tasks if not task.finished]
    done = [task for task in tasks if task.finished]
    room = max(_MOST_LINES - len(running), 0)
    kept = {task.id for task in (*running, *done[len(done) - room :])} if len(done) > room else None
    return [task for task in tasks if kept is None or task.id in kept]


class _Drawn:
    def __init__(self, board: Bars) -> None:
        self._board = board

    def task(self, title: str, *, total: int | None = None) -> Task:
        row = self._board.add_task(redact(title), total=total, detail="", sized=bool(total))
        return _Bar(self._board, row)


class _Bar:
    def __init__(self, board: Bars, row: TaskID) -> None:
        self._board, self._row = board, row

    def advance(self, amount: int) -> None:
        self._board.advance(self._row, amount)

    def say(self, detail: str) -> None:
        text = " ".join(redact(detail).split())
        self._board.update(self._row, detail=text.replace("[", "\\["))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            task = next(t for t in self._board.tasks if t.id == self._row)
            self._board.update(self._row, total=task.total or 1, completed=task.total or 1)
        else:
            self._board.stop_task(self._row)


class _Lines:
    def task(self, title: str, *, total: int | None = None) -> Task:
        return _Line(title)


class _Line:
    def __init__(self, title: str) -> None:
        self._title, self._detail, self._start = title, "", time.monotonic()

    def advance(self, amount: int) -> None:
        pass

    def say(self, detail: str) -> None:
        self._detail = detail

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end = "done in" if error is None else "failed in"
        if error is not None and not isinstance(error, Exception):
            end = "interrupted after"
        detail = f"  {self._detail}" if self._detail else ""
        view.note(f"{self._title}: {end} {time.monotonic() - self._start:.1f}s{detail}", style="")
