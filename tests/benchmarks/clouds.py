"""The emulated clouds and the doctor: how fast they start, how large they are, how long a person waits."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Entry, Figures, contest, measure
from tests.benchmarks.processes import cpu_seconds, tree_memory
from tests.benchmarks.promises import Promise
from tests.benchmarks.table import show

LATENCY = 0.15
"""Seconds that each answer of a cloud takes here; a region on the same continent takes about as long."""

TARGETS = {"aws": "aws", "gcp": "gcp", "do": "digitalocean", "ali": "alibaba"}
PROVIDERS = tuple(TARGETS.values())
_CONFIG = "apiVersion: clouddeploy/v1\napp: shop\nservices:\n  web: {image: nginx:1.29}\ntargets:\n"
_PROGRAM = str(Path(sys.executable).with_name("clouddeploy"))


def figures(folder: Path) -> list[Promise]:
    """Print every table; what is promised of them."""
    loading, starts = imports(), starting(folder)
    show("providers that a command does not use", loading)
    show("four emulated clouds", starts)
    (start,) = starts.values()
    asked = doctors(folder)
    show(f"doctor, {LATENCY} s for each answer", asked)
    suite = conformance()
    show("conformance", suite)
    *single, every = asked.values()
    return [
        Promise("four emulated clouds: seconds until they answer", start.wall, 3),
        Promise("four emulated clouds: MiB at most", start.memory, 400),
        Promise(
            "doctor --to all: seconds after its slowest target", every.wall - max(x.wall for x in single), 0.5
        ),
        Promise("conformance suite over four clouds: seconds", max(one.wall for one in suite.values()), 180),
    ]


def imports() -> dict[str, Figures]:
    """The seam, and each provider on top of it: what connecting costs before the first call."""
    code = {"import clouddeploy.contract": "import clouddeploy.contract"}
    code |= {f"  and clouddeploy_{name}": f"import clouddeploy_{name}" for name in PROVIDERS}
    return contest([Entry(title, [[sys.executable, "-c", text]]) for title, text in code.items()], 9)


def starting(folder: Path, runs: int = 3) -> dict[str, Figures]:
    """All four emulators in one process, from its start until it says that it answers."""
    found = sorted((_started(folder / f"start-{number}") for number in range(runs)), key=lambda one: one.wall)
    return {"four emulated clouds, started": found[runs // 2]}


def _started(folder: Path) -> Figures:
    folder.mkdir()
    command = [sys.executable, "-m", "clouddeploy", "emulator", "run", "all", str(folder)]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdin
        assert json.loads(process.stdout.readline())
        wall = time.perf_counter() - begun
        measured = Figures(wall, cpu_seconds(process.pid), tree_memory(process.pid) / 1024, 1)
        process.stdin.close()
    return measured


def doctors(folder: Path, runs: int = 5) -> dict[str, Figures]:
    """`doctor` of each target and of all in turns, against clouds that take LATENCY for every answer."""
    lines = [f"  {target}: {{provider: {name}, cluster: shop}}\n" for target, name in TARGETS.items()]
    config = folder / "doctor.yaml"
    config.write_text(_CONFIG + "".join(lines))
    with _slow_clouds(folder / "clouds") as environment:
        command = [_PROGRAM, "doctor", "-c", str(config), "--to"]
        entries = [
            Entry(f"doctor --to {one}", [[*command, one]], env=environment) for one in (*TARGETS, "all")
        ]
        return contest(entries, runs)


@contextmanager
def _slow_clouds(folder: Path) -> Iterator[Mapping[str, str]]:
    from clouddeploy import plugins
    from clouddeploy.emulator import EmulatorSettings
    from clouddeploy.emulator.clusters import with_storage
    from clouddeploy_aws.emulator.cloud import AwsCloud
    from clouddeploy_aws.emulator.storage import STORAGE

    class SlowAws(AwsCloud):
        def __call__(self, environ: Any, start_response: Any) -> Any:
            time.sleep(LATENCY)
            return super().__call__(environ, start_response)

    environment: dict[str, str] = {}
    with ExitStack() as running:
        for name in PROVIDERS:
            settings = EmulatorSettings(folder / name)
            settings.directory.mkdir(parents=True)
            if name == "aws":
                cloud: Any = SlowAws(settings, with_storage(STORAGE))
            else:
                cloud = plugins.load(name, plugins.EMULATORS)(settings)
                cloud.faults.slow(LATENCY)
            running.callback(cloud.close)
            environment |= cloud.environment
        yield environment


def conformance() -> dict[str, Figures]:
    """The conformance suite over the four clouds."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/conformance"]
    return {"conformance suite, four clouds": measure([*command, "-k", "not kubernetes"], runs=1)}
