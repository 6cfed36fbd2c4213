"""The bench's programs: Debian packages, and others built from Go modules."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.live.bench import places
from tests.live.bench.trouble import FULL, BenchError

KUBERNETES = "v1.36.2"
COREDNS = "v1.14.7"
CONFORMANCE = "v0.0.0-20260831232431-97274622c111"  # as in ../conformance/go.mod

PACKAGES = {
    "dockerd": "docker.io",
    "iptables": "iptables",
    "containerd": "containerd",
    "docker-registry": "docker-registry",
    "skopeo": "skopeo",
    "etcd": "etcd-server",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "kubectl": "kubernetes-client",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "/bin/busybox": "busybox-static",
    "chromium": "chromium",
}
SPLIT_OFF = {"docker": "docker-cli"}  # in docker.io itself until Debian 12
_ATTEMPTS, _PAUSE = 3, 10  # times, seconds
_NO_SPACE = "no space left on device"
_KUBE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")


def find(program: str) -> str:
    """The path of an installed or built program; BenchError when it is missing."""
    versions = {**dict.fromkeys(_KUBE, KUBERNETES), "coredns": COREDNS, "oci-conformance": CONFORMANCE}
    if program in versions:
        path = places.programs() / f"{program}-{versions[program]}"
        if path.exists():
            return str(path)
    elif found := shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
        return found
    raise BenchError(f"{program} is not installed", fix="make bench-up")


def install_packages() -> None:
    """Install the Debian packages whose programs are missing; needs root and apt."""
    _install(PACKAGES)
    _install(SPLIT_OFF)


def _install(packages: Mapping[str, str]) -> None:
    missing = [package for program, package in packages.items() if not _present(program)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise BenchError(
            f"missing: {', '.join(missing)}; installing them needs root and apt",
            fix="install them, or use docs/testing.md's way with kind",
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-q", "-y", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"]
    _run([*apt, "update"], environment)
    _run([*apt, "install", "--no-install-recommends", *missing], environment)


def build() -> None:
    """Build what is not in the cache: ten to twenty minutes on two cores for everything."""
    flags = f"-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES}"
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    flags += f" -X k8s.io/component-base/version.gitMajor={major}"
    flags += f" -X k8s.io/component-base/version.gitMinor={minor}"
    for program in _KUBE:
        build_from(
            places.HERE / "kubernetes", f"k8s.io/kubernetes/cmd/{program}", f"{program}-{KUBERNETES}", flags
        )
    build_from(places.HERE / "coredns", "github.com/coredns/coredns", f"coredns-{COREDNS}", "-s -w")
    build_conformance()


def build_conformance() -> None:
    """Build the OCI distribution-spec conformance suite, if it is not in the cache: seconds."""
    package = "github.com/opencontainers/distribution-spec/conformance"
    build_from(places.HERE.parent / "conformance", package, f"oci-conformance-{CONFORMANCE}", "-s -w")


def build_from(module: Path, package: str, name: str, flags: str) -> None:
    """Build a Go package into the cache as `name`, unless it is there; `module` has its go.mod."""
    target = places.programs() / name
    if target.exists():
        return
    if not shutil.which("go"):
        raise BenchError(f"{name} must be built and there is no Go", fix="install Go 1.26 or later")
    print(f"  building {name} …", flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{name}.{os.getpid()}")
    command = ["go", "build", "-trimpath", "-ldflags", flags, "-o", str(unfinished), package]
    try:
        _run(command, {**os.environ, "CGO_ENABLED": "0"}, module)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _present(program: str) -> bool:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return Path(program).exists() if program.startswith("/") else shutil.which(program, path=path) is not None


def _run(command: list[str], environment: dict[str, str], folder: Path | None = None) -> None:
    """Run a command, again when it fails: downloads do, and what they have got by then is kept."""
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt * _PAUSE)
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        if not done.returncode:
            return
        if _NO_SPACE in done.stderr:
            break
    tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
    fix = FULL if _NO_SPACE in done.stderr else "what it says, then make bench-up"
    raise BenchError(f"{' '.join(command[:3])} failed:\n{tail}", fix=fix)
