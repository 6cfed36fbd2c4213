"""Bytes on their way from one reader to several registries, each at its own pace.

What waits is bounded: a part in memory, a part in files without a name. When both are full the
reader waits for the registries; but where one has sent everything and another holds up all the
room, the slow one is left behind: it gets the blob from a later reading.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from clouddeploy.oci.failures import UnavailableError

MEMORY = 4 * 1024 * 1024
DISK = 256 * 1024 * 1024
"""Bytes that all blobs of a push may have waiting in memory, and beyond that on disk."""


class LeftBehindError(UnavailableError):
    """This registry is too slow for this read of the blob, and gets it from another one."""

    def __init__(self) -> None:
        super().__init__("a slow registry was left behind", after=0)


@dataclass(frozen=True)
class _Piece:
    """Some bytes, in memory or at `offset` of the spool's file."""

    data: bytes | None
    offset: int
    length: int


@dataclass
class Budget:
    """The room for what waits, shared by the spools of one push; `folder` holds the files."""

    memory: int = MEMORY
    disk: int = DISK
    folder: Path | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)
    spools: list[Spool] = field(default_factory=list)

    def backlog(self) -> dict[str, int]:
        """Bytes that wait for each reader."""
        waiting: dict[str, int] = {}
        for spool in self.spools:
            for name in spool.readers():
                waiting[name] = waiting.get(name, 0) + spool.unread(name)
        return waiting


class Spool:
    """One blob on its way: one writer, and readers by name that each get all of it."""

    def __init__(self, budget: Budget, readers: Iterable[str]) -> None:
        self._budget = budget
        self._pieces: deque[_Piece] = deque()
        self._first = 0  # the number of the first piece that is kept
        self._places = dict.fromkeys(readers, 0)
        self._hungry: set[str] = set()
        self._file: BinaryIO | None = None
        self._on_disk = 0
        self._written = 0
        self._ended = False
        self._error: BaseException | None = None
        with budget.changed:
            budget.spools.append(self)

    def write(self, data: bytes) -> None:
        """Pass some bytes on; waits while there is no room. Without readers they are dropped."""
        with self._budget.changed:
            self._written += len(data)
            piece = self._room_for(data)
            if piece:
                self._pieces.append(piece)
                self._budget.changed.notify_all()

    def end(self, error: BaseException | None = None) -> None:
        """No more bytes come; with an `error` every reader gets it instead of an end."""
        with self._budget.changed:
            self._ended, self._error = True, error
            self._tidy()
            self._budget.changed.notify_all()

    def wait(self, amount: int) -> bool:
        """Until more than `amount` bytes were written, or all of them; whether they are all there."""
        with self._budget.changed:
            while not self._ended and self._written <= amount:
                self._budget.changed.wait()
            return self._ended

    def read(self, name: str) -> Iterator[bytes]:
        """The blob's bytes for one reader; LeftBehindError when it was too slow."""
        try:
            while (piece := self._next(name)) is not None:
                yield self._bytes(piece)
                self._step(name)
        finally:
            self.leave(name)

    def leave(self, name: str) -> None:
        """A reader wants no more."""
        with self._budget.changed:
            self._places.pop(name, None)
            self._hungry.discard(name)
            self._tidy()
            self._budget.changed.notify_all()

    def readers(self) -> list[str]:
        """Those who have not got everything. Call with the budget's lock."""
        return list(self._places)

    def unread(self, name: str) -> int:
        """Bytes that wait for a reader. Call with the budget's lock."""
        skipped = self._places[name] - self._first
        return sum(piece.length for number, piece in enumerate(self._pieces) if number >= skipped)

    def left(self, name: str) -> int:
        """Bytes that wait for a reader."""
        with self._budget.changed:
            return self.unread(name) if name in self._places else 0

    def _room_for(self, data: bytes) -> _Piece | None:
        budget = self._budget
        while self._places:
            if len(data) <= budget.memory:
                budget.memory -= len(data)
                return _Piece(data, 0, len(data))
            if len(data) <= budget.disk and (piece := self._to_disk(data)):
                return piece
            if not (self._someone_is_held_up() and _leave_slowest_behind(budget)):
                budget.changed.wait()
        return None

    def _someone_is_held_up(self) -> bool:
        """Whether a reader has nothing to do while what others have not sent takes all the room."""
        backlog = self._budget.backlog()
        return any(not backlog[name] for name in self._hungry) and any(backlog.values())

    def _to_disk(self, data: bytes) -> _Piece | None:
        """None when the disk is full: then there is no such room any more."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._budget.folder)  # noqa: SIM115 - it outlives this call
            if os.pwrite(self._file.fileno(), data, self._on_disk) < len(data):
                raise OSError
        except OSError:
            self._budget.disk = 0
            return None
        piece = _Piece(None, self._on_disk, len(data))
        self._budget.disk -= len(data)
        self._on_disk += len(data)
        return piece

    def _next(self, name: str) -> _Piece | None:
        with self._budget.changed:
            while True:
                if self._error:
                    raise self._error
                if name not in self._places:
                    raise LeftBehindError
                number = self._places[name] - self._first
                if number < len(self._pieces):
                    return self._pieces[number]
                if self._ended:
                    return None
                self._hungry.add(name)
                self._budget.changed.notify_all()
                self._budget.changed.wait()
                self._hungry.discard(name)

    def _bytes(self, piece: _Piece) -> bytes:
        if piece.data is not None:
            return piece.data
        file = self._file
        if file is None:
            raise LeftBehindError
        return os.pread(file.fileno(), piece.length, piece.offset)

    def _step(self, name: str) -> None:
        with self._budget.changed:
            if name in self._places:
                self._places[name] += 1
                self._tidy()
                self._budget.changed.notify_all()

    def _tidy(self) -> None:
        """Give back the room of what everybody has got."""
        passed = min(self._places.values(), default=self._first + len(self._pieces))
        while self._first < passed and self._pieces:
            piece = self._pieces.popleft()
            self._first += 1
            if piece.data is not None:
                self._budget.memory += piece.length
        if not self._places and self._file:
            self._file.close()
            self._file = None
            self._budget.disk += self._on_disk
            self._on_disk = 0
        if not self._places and self._ended and self in self._budget.spools:
            self._budget.spools.remove(self)


def _leave_slowest_behind(budget: Budget) -> bool:
    """Drop the reader with the most bytes before it from the spool where they are."""
    waiting = budget.backlog()
    slowest = max(waiting, key=lambda name: waiting[name])
    if not waiting[slowest]:
        return False
    held = [spool for spool in budget.spools if slowest in spool.readers()]
    max(held, key=lambda spool: spool.unread(slowest)).leave(slowest)
    return True
