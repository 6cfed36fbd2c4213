"""Run programs and measure them: wall and CPU seconds, peak memory, requests; medians of several runs."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.processes import cpu_seconds, tree_memory


@dataclass(frozen=True)
class Figures:
    """Medians over `runs`: seconds of wall and CPU time, MiB of peak memory, HTTP requests."""

    wall: float
    cpu: float
    memory: float
    runs: int
    requests: float | None = None


@dataclass(frozen=True)
class Entry:
    """A competitor: its commands, one after another, and what readies each run without being measured.

    CPU and memory are those of each command and the children that it waited for; with `daemon`, a
    process that works on its behalf, the CPU is the daemon's too. `requests` reads a counter.
    """

    name: str
    commands: Sequence[Sequence[str]]
    before: Callable[[], object] = lambda: None
    requests: Callable[[], int] | None = None
    daemon: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)


def measure(command: Sequence[str], *, runs: int = 5) -> Figures:
    """Medians of one command."""
    return contest([Entry("", [command])], runs)[""]


def contest(entries: Sequence[Entry], runs: int) -> dict[str, Figures]:
    """Medians of every entry; they take turns, so that what else the machine does hits all alike."""
    samples: dict[str, list[Figures]] = {entry.name: [] for entry in entries}
    for _ in range(runs):
        for entry in entries:
            entry.before()
            samples[entry.name].append(once(entry))
    return {name: _median(found) for name, found in samples.items()}


def once(entry: Entry) -> Figures:
    """One run of an entry's commands."""
    counted = entry.requests() if entry.requests else 0
    worked = cpu_seconds(entry.daemon) if entry.daemon else 0.0
    start = time.perf_counter()
    done = [_run(command, entry.env) for command in entry.commands]
    wall = time.perf_counter() - start
    cpu = sum(seconds for seconds, _ in done) + (cpu_seconds(entry.daemon) - worked if entry.daemon else 0.0)
    requests = entry.requests() - counted if entry.requests else None
    return Figures(wall, cpu, max(peak for _, peak in done), 1, requests)


def _median(found: Sequence[Figures]) -> Figures:
    requests = [one.requests for one in found if one.requests is not None]
    return Figures(
        statistics.median(one.wall for one in found),
        statistics.median(one.cpu for one in found),
        statistics.median(one.memory for one in found),
        len(found),
        statistics.median(requests) if requests else None,
    )


def _run(command: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """CPU seconds and peak MiB; SystemExit with the command's last words when it fails."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, **env},
        )
        peak, status, usage = _watch(process.pid)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{errors.read().decode(errors='replace')[-2000:]}")
    return usage.ru_utime + usage.ru_stime, peak / 1024


def _watch(pid: int) -> tuple[int, int, resource.struct_rusage]:
    """The peak in KiB of a process with its descendants, its status and its usage.

    /proc is read now and then, since the kernel keeps peaks; ru_maxrss would begin with the peak
    of the process that started it.
    """
    peak = 0
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return peak, status, usage
        peak = max(peak, tree_memory(pid))
        time.sleep(0.01)
