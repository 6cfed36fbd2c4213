"""Runs an engine's program: its answer, its lines as they come, or its output as a stream. Never a shell."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

LAST_LINES = 20
_LONGEST_LINE = 4096
_END_SECONDS = 10
_PIPE = 1 << 20  # bytes; the system's default of 64 KiB wakes both sides sixteen times as often


@dataclass(frozen=True)
class Command:
    """A program with its arguments, and what its environment has beside ours."""

    arguments: Sequence[str]
    environment: Mapping[str, str]

    def start(self, *, stdout: int | IO[bytes], stderr: int | IO[bytes]) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self.environment}
        return subprocess.Popen(
            self.arguments,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            pipesize=_PIPE,
        )


@dataclass(frozen=True)
class Outcome:
    """How a program ended: its exit status and the last lines of what it said."""

    status: int
    lines: Sequence[str]


def answer(command: Command, timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a short question; raises subprocess.TimeoutExpired after `timeout` seconds."""
    return subprocess.run(
        command.arguments,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, **command.environment},
        timeout=timeout,
        check=False,
    )


def follow(command: Command, on_line: Callable[[str], None]) -> Outcome:
    """Run to the end, each line of its output (both streams) to `on_line` as it comes."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    process = command.start(stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with _ended(process):
        for line in _lines(process.stdout):
            last.append(line)
            on_line(line)
        return Outcome(process.wait(), list(last))


@contextmanager
def output(command: Command) -> Iterator[tuple[IO[bytes], Callable[[], Outcome]]]:
    """The program's output to read, and a call that waits for its end and gives what it said."""
    with tempfile.TemporaryFile() as said:
        process = command.start(stdout=subprocess.PIPE, stderr=said)
        assert process.stdout is not None  # noqa: S101  # a pipe was asked for

        def finish() -> Outcome:
            status = process.wait()
            said.seek(0)
            return Outcome(status, list(_lines(said))[-LAST_LINES:])

        with _ended(process):
            yield process.stdout, finish


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """See that the program is gone afterwards, whatever happened here."""
    try:
        yield
    finally:
        if process.stdout:
            process.stdout.close()
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _lines(stream: IO[bytes] | None) -> Iterator[str]:
    """The lines without control characters; a progress bar's carriage returns end a line too."""
    while stream and (raw := stream.readline(_LONGEST_LINE)):
        for part in raw.decode("utf-8", "replace").replace("\r", "\n").split("\n"):
            text = "".join(char if char.isprintable() else " " for char in part).rstrip()
            if text:
                yield text
