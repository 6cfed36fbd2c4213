"""Ctrl-C: whoever presses it is told what became of the work, with the exit code that shells expect."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.emulator.faults import Request, writes
from tests.cli.conftest import Zeta
from tests.commandline import INHERITED

# What is started in the background may have been told to ignore Ctrl-C.
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
MAIN = HEARS + "from clouddeploy.cli.main import main; main()"
TOO_EARLY = HEARS + (
    "from clouddeploy.cli import main; main._hurry = lambda: signal.raise_signal(signal.SIGINT); main.main()"
)

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, folder: Path, zeta: Zeta) -> Iterator[Start]:
    """A command that goes on while the test does."""
    base = {key: os.environ[key] for key in INHERITED if key in os.environ}
    environment: Mapping[str, str] = {**base, **zeta.env, "HOME": str(tmp_path), "COLUMNS": "200"}
    started: list[subprocess.Popen[str]] = []

    def call(*words: str, program: str = MAIN, **files: Any) -> subprocess.Popen[str]:
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **files}
        command = [sys.executable, "-c", program, *words]
        started.append(subprocess.Popen(command, cwd=folder, env=environment, text=True, **given))
        return started[-1]

    yield call
    for process in started:
        process.kill()
        process.communicate()


def test_in_the_middle_of_the_work(start: Start, zeta: Zeta) -> None:
    running: list[subprocess.Popen[str]] = []

    def press(_: Request) -> None:
        running[0].send_signal(signal.SIGINT)
        running[0].wait(timeout=60)

    zeta.cloud.faults.before(1, press, writes)
    running.append(start("cluster", "create", "--to", "zeta", "--yes"))
    _, told = running[0].communicate(timeout=60)
    assert running[0].returncode == 130
    *_, task, last = told.splitlines()
    assert re.fullmatch(r".+: interrupted after [\d.]+s.*", task)
    assert last == "interrupted; the same command goes on where this one stopped"
    assert "failed" not in told


def test_at_a_question(start: Start, zeta: Zeta) -> None:
    here, there = pty.openpty()
    process = start("cluster", "create", "--to", "zeta", stdin=there, stderr=there)
    os.close(there)
    told = until(here, "[y/N]")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    told += until(here, "nothing was changed")
    os.close(here)
    assert "interrupted; nothing was changed" in told
    assert "Traceback" not in told
    assert zeta.cloud.writes() == 0


def test_before_there_is_any_work(start: Start) -> None:
    process = start("doctor", program=TOO_EARLY)
    assert (process.communicate(timeout=60), process.returncode) == (("", "interrupted\n"), 130)


def until(terminal: int, words: str) -> str:
    """What a terminal shows up to some words."""
    shown = ""
    while words not in shown:
        shown += os.read(terminal, 4096).decode()
    return shown
