"""Long-running programs of the bench: started once, found again, ended by id and never by name."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import urllib3

from tests.live.bench import places
from tests.live.bench.trouble import AGAIN, FULL, BenchError

MARK = "CLOUDDEPLOY_BENCH"
"""The variable, with the bench's folder as its value, that everything of the bench inherits."""

_LOW = 256 << 20  # bytes that a disk must have left for its fullness to be no suspect


@dataclass(frozen=True)
class Part:
    """A program of the bench; `ready` says whether it answers, within `patience` seconds."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    patience: float = 30
    environment: Mapping[str, str] | None = None


def answers(url: str, status: int = 200) -> Callable[[], bool]:
    """Whether a part on loopback answers with this status; whose certificate it has does not matter."""

    def ask() -> bool:
        with warnings.catch_warnings(), urllib3.PoolManager(cert_reqs="CERT_NONE") as pool:
            warnings.simplefilter("ignore")
            return pool.request("GET", url, retries=False, timeout=2).status == status

    return ask


def start(part: Part) -> None:
    """Start a part that is not running, and wait until it answers."""
    if not running(part.name):
        _spawn(part)
    deadline = time.monotonic() + part.patience
    while not _answers(part):
        if not running(part.name):
            raise _trouble(part, "ended at once")
        if time.monotonic() > deadline:
            raise _trouble(part, f"does not answer after {part.patience:.0f} s")
        time.sleep(0.1)
    if not running(part.name):
        raise _trouble(part, "ended, and something else answers on its port")


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


def end_strays() -> int:
    """End what parts have started and left behind, when they were killed for instance; how many."""
    strays = _strays()
    for pid in strays:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(strays)


def names() -> list[str]:
    """The parts that were started and not stopped, the last one first."""
    files = sorted((places.state() / "run").glob("*.json"), key=lambda f: f.stat().st_mtime_ns, reverse=True)
    return [file.stem for file in files]


def log_tail(name: str, lines: int = 15) -> str:
    """The end of a part's log."""
    log = places.state() / "log" / f"{name}.log"
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(f"    {line[:200]}" for line in text.splitlines()[-lines:])


def _trouble(part: Part, what: str) -> BenchError:
    full = shutil.disk_usage(places.state()).free < _LOW
    return BenchError(f"{part.name} {what}:\n{log_tail(part.name)}", fix=FULL if full else AGAIN)


def _strays() -> set[int]:
    """Processes that carry our mark, and what these have started: containers do not inherit it."""
    mark = f"{MARK}={places.state()}".encode()
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").glob("[0-9]*")}
    found = {pid for pid in parents if mark in _environment(pid)}
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return found - {os.getpid()}


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


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
            env={**os.environ, **(part.environment or {}), MARK: str(places.state())},
        )
    process.returncode = 0  # it outlives us on purpose, which subprocess would warn about
    places.write(_pid_file(part.name), json.dumps({"pid": process.pid, "birth": _birth(process.pid)}))


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
