"""`python -m tests.live.bench up|down|status`: the real parts that the live tests talk to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.live.bench import (
    containers,
    control_plane,
    dns,
    engine,
    images,
    keys,
    node,
    places,
    processes,
    programs,
    registries,
)
from tests.live.bench.processes import Part
from tests.live.bench.trouble import BenchError, named


def up() -> None:
    """Bring up what is not up; a second call changes nothing."""
    begin = time.monotonic()
    _may_run()
    with places.alone():
        with _step("Debian packages"):
            programs.install_packages()
        with _step("Kubernetes and CoreDNS"):
            programs.build()
        with _step("keys"):
            places.state().mkdir(parents=True, exist_ok=True, mode=0o700)
            keys.make()
        _bring_up()
    print(f"the bench is up after {time.monotonic() - begin:.0f} s; make bench-status shows it")


def down() -> None:
    """End everything that was started, the last first, and remove what it left."""
    with places.alone():
        if processes.running("containerd"):
            processes.stop("kubelet")
            with suppress(subprocess.SubprocessError, OSError):  # what stays is a stray
                containers.remove_pods()
        for name in processes.names():
            processes.stop(name)
            print(f"  {name}: ended")
        if strays := processes.end_strays():
            print(f"  {strays} more that these had started: ended")
        with named("network"):
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
    whole = bool(known) and all(processes.running(name) for name in known)
    if not whole:
        print(f"  the bench is {'half' if known else 'not'} up: make bench-up")
    return 0 if whole else 1


def _may_run() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise BenchError(
            "the bench's Docker Engine and node need Linux and root",
            fix="run it as root, or use docs/testing.md's way with kind",
        )


def _bring_up() -> None:
    _start(lambda: [engine.part()])
    _start(registries.parts)
    _start(control_plane.parts)
    with _step("the node's network"):
        node.prepare()
    with _step("pause image"):
        images.push_pause()
    _start(node.parts)
    with _step("node Ready"):
        node.wait_ready()
        dns.make_service()
    for cloud in control_plane.CLOUDS:
        control_plane.kubeconfig(cloud)


def _start(parts: Callable[[], list[Part]]) -> None:
    with named("configuration"):
        made = parts()
    for part in made:
        with _step(part.name):
            processes.start(part)


@contextmanager
def _step(title: str) -> Iterator[None]:
    begin = time.monotonic()
    with named(title):
        yield
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
