"""containerd, which pulls the pods' images from the bench's registries and runs them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.live.bench import places, programs, registries
from tests.live.bench.control_plane import PODS
from tests.live.bench.processes import Part


def socket() -> Path:
    """Where containerd listens."""
    return places.state() / "node" / "containerd.sock"


def part() -> Part:
    """A containerd of the bench's own, beside the machine's."""
    folder = places.state() / "node"
    for variant in registries.VARIANTS:
        host = registries.host(variant)
        url = f"{'https' if variant == 'tls' else 'http'}://{host}"
        hosts = f'server = "{url}"\n[host."{url}"]\n  skip_verify = true\n'
        places.write(folder / "hosts" / host / "hosts.toml", hosts)
    config = places.write(folder / "containerd.toml", _config(folder))
    return Part("containerd", [programs.find("containerd"), "--config", str(config)], _answers)


def remove_pods() -> None:
    """End what runs in containerd, which removes it from the kernel too."""
    listed = _ctr("--namespace", "k8s.io", "tasks", "ls", "-q")
    for task in listed.stdout.split():
        _ctr("--namespace", "k8s.io", "tasks", "rm", "-f", task)


def remove_networks() -> None:
    """Delete the network namespaces of our pods: those with an address of the bench's pod network."""
    listed = _quiet("ip", "netns", "list").stdout
    for name in (line.split()[0] for line in listed.splitlines() if line.startswith("cni-")):
        addresses = _quiet("ip", "-n", name, "-4", "addr", "show").stdout
        if f"inet {PODS.rsplit('.', 2)[0]}." in addresses:
            _quiet("ip", "netns", "delete", name)


def _config(folder: Path) -> str:
    root = folder / "containerd"
    return f"""version = 2
root = "{root / "root"}"
state = "{root / "state"}"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "{socket()}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{registries.host("plain")}/bench/pause:1"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder / "cni"}"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{folder / "hosts"}"
"""


def _answers() -> bool:
    return _ctr("version").returncode == 0


def _ctr(*words: str) -> subprocess.CompletedProcess[str]:
    return _quiet("ctr", "--address", str(socket()), *words)


def _quiet(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
