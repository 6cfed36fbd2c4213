"""A Docker Engine of the bench's own: private socket, data and containerd."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.live.bench import places, programs
from tests.live.bench.processes import Part


def socket() -> Path:
    """The engine's socket; `DOCKER_HOST` is `unix://` and this path."""
    return places.state() / "docker.sock"


def part() -> Part:
    """dockerd, without touching the machine's network rules."""
    root = places.state() / "docker"
    command = [
        programs.find("dockerd"),
        f"--host=unix://{socket()}",
        f"--data-root={root / 'data'}",
        f"--exec-root={root / 'exec'}",
        f"--pidfile={root / 'dockerd.pid'}",
        "--storage-driver=overlay2",
        "--bridge=none",
        "--iptables=false",
        "--ip-forward=false",
        "--ip-masq=false",
    ]
    root.mkdir(parents=True, exist_ok=True)
    return Part("docker-engine", command, _answers, patience=60)


def _answers() -> bool:
    command = ["docker", "--host", f"unix://{socket()}", "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0
