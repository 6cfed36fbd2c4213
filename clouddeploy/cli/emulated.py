"""Emulated clouds as processes of their own: started, found again and ended by their id."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from clouddeploy import plugins
from clouddeploy.emulator import Emulated, EmulatorSettings
from clouddeploy.errors import CloudDeployError, MissingToolError, PreconditionError

_START_SECONDS = 60
_STOP_SECONDS = 10
_children: dict[int, subprocess.Popen[bytes]] = {}  # one whose input is closed by a collector would end

USUAL = "aws"
"""The cloud that is emulated where none is named."""

_SURROUNDINGS = (
    "CLOUDDEPLOY_",
    "HOME",
    "LANG",
    "LC_",
    "LD_",
    "PATH",
    "PYTHON",
    "TMPDIR",
    "USER",
    "VIRTUAL_ENV",
    "XDG_",
)
"""How the variables begin that an emulated cloud inherits."""


@dataclass(frozen=True)
class Running:
    """A running emulated cloud; `since` is its start (UTC, ISO 8601), `birth` the kernel's start tick."""

    cloud: str
    pid: int
    birth: str
    since: str
    directory: str
    environment: Mapping[str, str]


def home(cloud: str) -> Path:
    """The private folder of `emulator up`'s cloud, or of several in one process."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "clouddeploy" / "emulator" / cloud


def start(
    cloud: str, directory: Path, *, account: str | None, region: str | None, pace: float, keep: bool
) -> Running:
    """Start a cloud in a process of its own and wait until it answers.

    With `keep` it outlives this process and can be found again; without, it ends with it.
    Raises CloudDeployError with the end of its log when it does not start.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [
        sys.executable,
        "-m",
        "clouddeploy",
        "emulator",
        "run",
        cloud,
        str(directory),
        "--pace",
        str(pace),
    ]
    command += ["--account", account] if account else []
    command += ["--region", region] if region else []
    log = directory / "emulator.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if keep else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            env={**_surroundings(), "CLOUDDEPLOY_EMULATOR_STAYS": "1" if keep else ""},
        )
    _children[process.pid] = process
    line = _first_line(process)
    if not line:
        process.kill()
        _forget(process.pid)
        raise _not_started(cloud, log)
    since = datetime.now(UTC).isoformat(timespec="seconds")
    running = Running(cloud, process.pid, _birth(process.pid), since, str(directory), json.loads(line))
    if keep:
        _remember(running)
    return running


def _surroundings() -> dict[str, str]:
    """What an emulated cloud may know of this machine; nobody's account, profile or proxy is in it."""
    return {name: value for name, value in os.environ.items() if name.startswith(_SURROUNDINGS)}


def find(cloud: str) -> Running | None:
    """The cloud that `emulator up` started, if its process is still the same one."""
    try:
        running = Running(**json.loads((home(cloud) / "running.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return running if _birth(running.pid) == running.birth else None


def all_running() -> list[Running]:
    """Every cloud that `emulator up` started and that still runs."""
    folders = sorted(home("").glob("*/running.json"))
    found = (find(file.parent.name) for file in folders)
    return [running for running in found if running]


def stop(running: Running) -> None:
    """End a cloud's process and remove its folder."""
    if _birth(running.pid) == running.birth:
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while _birth(running.pid) == running.birth and time.monotonic() < deadline:
            _reap(running.pid)
            time.sleep(0.05)
    _forget(running.pid)
    shutil.rmtree(running.directory, ignore_errors=True)


def serve(cloud: str, directory: Path, *, account: str | None, region: str | None, pace: float) -> None:
    """Run clouds in this process until SIGTERM, Ctrl-C, or (unless it stays) standard input closes.

    `cloud` is one name, several with commas, or `all`; `account` and `region` are for one.
    """
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with ExitStack() as running:
        environment: dict[str, str] = {}
        for name in names(cloud):
            started = _begin(name, EmulatorSettings(directory / name, account, region, pace))
            running.callback(started.close)
            environment |= started.environment
        sys.stdout.write(json.dumps(environment) + "\n")
        sys.stdout.flush()
        if not os.environ.get("CLOUDDEPLOY_EMULATOR_STAYS"):
            threading.Thread(target=_until_closed, args=(over,), daemon=True).start()
        over.wait()


def names(cloud: str) -> Sequence[str]:
    """The emulators that `cloud` names: one, several with commas, or `all`."""
    return plugins.names(plugins.EMULATORS) if cloud == "all" else cloud.split(",")


def _begin(cloud: str, settings: EmulatorSettings) -> Emulated:
    settings.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        started: Emulated = plugins.load(cloud, plugins.EMULATORS)(settings)
    except ModuleNotFoundError as error:
        raise MissingToolError(
            f"emulated clouds need the package {error.name}", fix="pip install 'clouddeploy[rehearse]'"
        ) from error
    return started


def _not_started(cloud: str, log: Path) -> CloudDeployError:
    """What the process said before it ended: its own error and fix, or the end of its log."""
    said = log.read_text(errors="replace").splitlines()
    errors = [line.removeprefix("error: ") for line in said if line.startswith("error: ")]
    fixes = [line.removeprefix("  fix: ") for line in said if line.startswith("  fix: ")]
    if errors and fixes:
        return PreconditionError(f"the emulated {cloud} did not start: {errors[-1]}", fix=fixes[-1])
    tail = "\n".join(said[-15:])
    return CloudDeployError(
        f"the emulated {cloud} did not start:\n{tail}", fix="report it: a defect of clouddeploy"
    )


def _until_closed(over: threading.Event) -> None:
    while sys.stdin.buffer.read(1024):
        pass
    over.set()


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    timer = threading.Timer(_START_SECONDS, process.kill)
    timer.start()
    try:
        return process.stdout.readline() if process.stdout else b""
    finally:
        timer.cancel()


def _remember(running: Running) -> None:
    path = Path(running.directory) / "running.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(running), file)


def _birth(pid: int) -> str:
    """When a process started, so that a later process with the same id is not mistaken for it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        done = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _reap(pid: int) -> None:
    if pid in _children:
        _children[pid].poll()


def _forget(pid: int) -> None:
    if child := _children.pop(pid, None):
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()
        child.wait(_STOP_SECONDS)
