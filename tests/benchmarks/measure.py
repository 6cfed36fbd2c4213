"""Run a program and measure it: wall and CPU seconds, peak memory, median of several runs."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figures:
    """Medians over `runs`: seconds of wall and CPU time, MiB of peak memory, HTTP requests."""

    wall: float
    cpu: float
    memory: float
    runs: int
    requests: float | None = None


def measure(
    command: Sequence[str],
    *,
    runs: int = 5,
    env: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    requests: Callable[[], int] | None = None,
) -> Figures:
    """Medians of `command`; `before` prepares each run and is not measured.

    CPU and memory are those of the process and the children that it waited for; a daemon that
    works on its behalf is not in them. `requests` reads a counter before and after.
    """
    samples = []
    for _ in range(runs):
        if before:
            before()
        counted = requests() if requests else 0
        sample = _once(command, env)
        samples.append((*sample, (requests() - counted) if requests else 0))
    wall, cpu, memory, count = (statistics.median(column) for column in zip(*samples, strict=True))
    return Figures(wall, cpu, memory, runs, count if requests else None)


def _once(command: Sequence[str], env: Mapping[str, str] | None) -> tuple[float, float, float]:
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, **(env or {})},
        )
        peak, status, usage = _watch(process.pid)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{errors.read().decode(errors='replace')[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, peak / 1024


def _watch(pid: int) -> tuple[int, int, resource.struct_rusage]:
    """The process's peak in KiB, its status and its usage.

    VmHWM is read every few milliseconds: ru_maxrss would begin with the peak of the process
    that started it.
    """
    peak = 0
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return peak, status, usage
        peak = max(peak, _high_water(pid))
        time.sleep(0.002)


def _high_water(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
