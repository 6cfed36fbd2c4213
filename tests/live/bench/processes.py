"""Long-running programs of the bench: started once, found again, ended by id and never by name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.live.bench import places


class BenchError(Exception):
    """A part that does not come up: which one, why, and what to do."""


@dataclass(frozen=True)
class Part:
    """A program of the bench; `ready` says whether it answers, within `patience` seconds."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    patience: float = 30
    environment: Mapping[str, str] | None = None


def start(part: Part) -> None:
    """Start a part that is not running, and wait until it answers."""
    if not running(part.name):
        _spawn(part)
    deadline = time.monotonic() + part.patience
    while not _answers(part):
        if not running(part.name):
            raise BenchError(
                f"{part.name} ended at once:\n{log_tail(part.name)}\nfix: make bench-down bench-up"
            )
        if time.monotonic() > deadline:
            raise BenchError(
                f"{part.name} does not answer after {part.patience:.0f} s:\n{log_tail(part.name)}\n"
                "fix: make bench-down bench-up"
            )
        time.sleep(0.1)


def running(name: str) -> bool:
    """Whether the process that was started under this name still runs."""
    record = _record(name)
    return record is not None and _birth(record["pid"]) == record["birth"]


def pid(name: str) -> int | None:
    """The id of the process that was started under this name; None when it does not run."""
    record = _record(name)
    return record["pid"] if record and running(name) else None


def stop(name: str, patience: float = 15) -> None:
    """End the process of this name: TERM, and KILL when it does not listen."""
    record = _record(name)
    if record is None:
        return
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        if _birth(record["pid"]) != record["birth"]:
            break
        os.kill(record["pid"], number)
        deadline = time.monotonic() + wait
        while _birth(record["pid"]) == record["birth"] and time.monotonic() < deadline:
            _reap(record["pid"])
            time.sleep(0.05)
    _pid_file(name).unlink(missing_ok=True)


def names() -> list[str]:
    """The parts that were started and not stopped, the last one first."""
    files = sorted((places.state() / "run").glob("*.json"), key=lambda f: f.stat().st_mtime_ns, reverse=True)
    return [file.stem for file in files]


def log_tail(name: str, lines: int = 15) -> str:
    """The end of a part's log."""
    log = places.state() / "log" / f"{name}.log"
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(f"    {line[:200]}" for line in text.splitlines()[-lines:])


def _spawn(part: Part) -> None:
    log = places.state() / "log" / f"{part.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(
            part.command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, **(part.environment or {})},
        )
    process.returncode = 0  # it outlives us on purpose, which subprocess would warn about
    file = _pid_file(part.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"pid": process.pid, "birth": _birth(process.pid)}))


def _answers(part: Part) -> bool:
    try:
        return part.ready()
    except Exception:
        return False


def _pid_file(name: str) -> Path:
    return places.state() / "run" / f"{name}.json"


def _record(name: str) -> dict[str, int] | None:
    try:
        record: dict[str, int] = json.loads(_pid_file(name).read_text())
    except (OSError, ValueError):
        return None
    return record


def _birth(pid: int) -> int:
    """The kernel's start tick of a process, 0 when it is gone: ids are used again, ticks are not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[19])


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
