"""Ctrl-C: whoever presses it is told what became of the work, with the exit code that shells expect."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
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
# The question is on the screen, and nobody waits for an answer yet.
TOO_QUICK = HEARS + (
    "from clouddeploy.cli import main, view; show = view._err.print; "
    "press = lambda: signal.raise_signal(signal.SIGINT); "
    "view._err.print = lambda *shown, **how: (show(*shown, **how), how and press()); main.main()"
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
        asleep(running[0])
        running[0].send_signal(signal.SIGINT)
        running[0].wait(timeout=60)

    zeta.cloud.faults.after(1, press, writes)
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
    asleep(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    told += until(here, "nothing was changed")
    os.close(here)
    assert "interrupted; nothing was changed" in told
    assert "Traceback" not in told
    assert zeta.cloud.writes() == 0


def test_at_a_question_that_nobody_has_read(start: Start, zeta: Zeta) -> None:
    here, there = pty.openpty()
    process = start("cluster", "create", "--to", "zeta", program=TOO_QUICK, stdin=there, stderr=there)
    os.close(there)
    assert process.wait(timeout=60) == 130
    assert "interrupted; nothing was changed" in until(here, "nothing was changed")
    os.close(here)
    assert zeta.cloud.writes() == 0


def test_before_there_is_any_work(start: Start) -> None:
    process = start("doctor", program=TOO_EARLY)
    assert (process.communicate(timeout=60), process.returncode) == (("", "interrupted\n"), 130)


def until(terminal: int, words: str) -> str:
    """What a terminal shows up to some words."""
    shown = ""
    while words not in shown:
        try:
            shown += os.read(terminal, 4096).decode()
        except OSError:  # the program has ended
            pytest.fail(f"{words!r} never came after {shown!r}")
    return shown


def asleep(process: subprocess.Popen[str]) -> None:
    """Return when a process waits: Python misses a signal in the instant before."""
    looks = 0
    while looks < 5:
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        looks = looks + 1 if state == "S" else 0
        time.sleep(0.02)
