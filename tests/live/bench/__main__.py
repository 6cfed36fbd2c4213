"""`python -m tests.live.bench up|down|status`: the real parts that the live tests talk to."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.live.bench import (
    control_plane,
    engine,
    images,
    keys,
    node,
    places,
    processes,
    programs,
    registries,
)
from tests.live.bench.processes import BenchError, Part


def up() -> None:
    """Bring up what is not up; a second call changes nothing."""
    begin = time.monotonic()
    _step("Debian packages", programs.install_packages)
    _step("Kubernetes and CoreDNS", programs.build)
    places.state().mkdir(parents=True, exist_ok=True, mode=0o700)
    keys.make()
    _start([engine.part()])
    _start(registries.parts())
    _start(control_plane.parts())
    node.prepare()
    _step("pause image", images.push_pause)
    _start(node.parts())
    _step("node Ready", node.wait_ready)
    for cloud in control_plane.CLOUDS:
        control_plane.kubeconfig(cloud)
    print(f"the bench is up after {time.monotonic() - begin:.0f} s; make bench-status shows it")


def down() -> None:
    """End everything that was started, the last first, and remove what it left."""
    if processes.running("containerd"):
        processes.stop("kubelet")
        node.stop_pods()
    for name in processes.names():
        processes.stop(name)
        print(f"  {name}: ended")
    node.remove()
    for mount in _mounts():
        subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)
    shutil.rmtree(places.state(), ignore_errors=True)
    print("nothing of the bench runs")


def status() -> int:
    """Print each part; 0 when all are up."""
    known = processes.names()
    for name in reversed(known):
        print(f"  {'up  ' if processes.running(name) else 'down'} {name}")
    if not known:
        print("  the bench is not up: make bench-up")
    return 0 if known and all(processes.running(name) for name in known) else 1


def _start(parts: list[Part]) -> None:
    for part in parts:
        _step(part.name, lambda part=part: processes.start(part))  # type: ignore[misc]


def _step(title: str, action: Callable[[], None]) -> None:
    begin = time.monotonic()
    try:
        action()
    except OSError as error:
        raise BenchError(f"{title}: {error}\nfix: what it says, then make bench-up") from error
    print(f"  {title}: {time.monotonic() - begin:.1f} s", flush=True)


def _mounts() -> list[str]:
    """What is mounted below the bench's folder, the innermost first."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted((p for p in points if p.startswith(str(places.state()))), reverse=True)


if __name__ == "__main__":
    action = {"up": up, "down": down, "status": status}[sys.argv[1]]
    try:
        sys.exit(action())
    except BenchError as error:
        sys.exit(f"bench: {error}")
