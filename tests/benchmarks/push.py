"""A push to a local registry beside `skopeo copy` and, where an engine answers, `docker push`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks import image
from tests.benchmarks.measure import Figures, measure
from tests.benchmarks.registry import LocalRegistry
from tests.live.bench import engine, processes

RUNS = 5


def figures(folder: Path, layers: int, mebibytes: int) -> dict[str, Figures]:
    """Pushes of one image from the same OCI layout into an empty registry, and again unchanged."""
    layout = image.make(folder / f"layout-{layers}x{mebibytes}", layers, mebibytes)
    registry = LocalRegistry(folder)
    try:
        return _pushes(layout, registry) | _engine(folder, registry, layout)
    finally:
        registry.close()


def _pushes(layout: Path, registry: LocalRegistry) -> dict[str, Figures]:
    ours = [sys.executable, "-m", "tests.benchmarks.push_layout", str(layout), "bench"]
    ours += [f"{registry.host}/bench", "1"]
    rows = {"clouddeploy, OCI layout": _measure(ours, registry)}
    rows["clouddeploy, again unchanged"] = _measure(ours, registry, fresh=False)
    if shutil.which("skopeo"):
        target = f"docker://{registry.host}/bench:1"
        peer = ["skopeo", "copy", "--dest-tls-verify=false", f"oci:{layout}:bench", target]
        rows["skopeo copy oci:"] = _measure(peer, registry)
        rows["skopeo copy oci:, again"] = _measure(peer, registry, fresh=False)
    return rows


def _engine(folder: Path, registry: LocalRegistry, layout: Path) -> dict[str, Figures]:
    if processes.running("docker-engine"):
        os.environ.setdefault("DOCKER_HOST", f"unix://{engine.socket()}")
    answers = shutil.which("docker") and _quiet(["docker", "version"])
    if not (answers and shutil.which("skopeo")):
        return {}
    name = f"{registry.host}/bench:1"
    archive = folder / "bench.tar"
    subprocess.run(
        ["skopeo", "copy", "-q", f"oci:{layout}:bench", f"docker-archive:{archive}:{name}"], check=True
    )
    subprocess.run(["docker", "load", "-q", "-i", str(archive)], check=True, stdout=subprocess.DEVNULL)
    archive.unlink()
    rows = {"docker push (work is in the daemon)": _measure(["docker", "push", name], registry)}
    subprocess.run(["docker", "rmi", name], check=True, stdout=subprocess.DEVNULL)
    return rows


def _measure(command: list[str], registry: LocalRegistry, *, fresh: bool = True) -> Figures:
    env: Mapping[str, str] = {"DOCKER_CONFIG": "/nonexistent"}
    before = registry.empty if fresh else None
    return measure(command, runs=RUNS, env=env, before=before, requests=registry.requests)


def _quiet(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
