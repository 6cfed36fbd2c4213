"""The real parts as fixtures: the bench's when it is up, else what this machine has."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live import found, kubernetes
from tests.live.bench import engine, processes, registries
from tests.live.needs import need
from tests.live.registry import LiveRegistry, live_registry

START_SECONDS = 40


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[str]:
    """The DOCKER_HOST of the bench's engine, of one that answers, or of our own; set while tests run."""
    before = os.environ.get("DOCKER_HOST")
    with _engine() as host:
        os.environ["DOCKER_HOST"] = host
        yield host
    if before is None:
        del os.environ["DOCKER_HOST"]
    else:
        os.environ["DOCKER_HOST"] = before


@pytest.fixture(params=registries.VARIANTS)
def registry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> LiveRegistry:
    """Each variant of the bench's registry in turn, with a repository of this test's own."""
    return live_registry(request.param, monkeypatch)


@pytest.fixture
def four_clusters() -> dict[str, Path]:
    """The kubeconfigs of four real API servers that play the four clouds' clusters, by cloud."""
    return kubernetes.find_four()


@contextmanager
def _engine() -> Iterator[str]:
    if processes.running("docker-engine"):
        found.ran("Docker Engine", "the bench's dockerd")
        yield f"unix://{engine.socket()}"
    elif theirs := _running_engine():
        found.ran("Docker Engine", "the one that answers the docker command")
        yield theirs
    elif os.geteuid() != 0 or not shutil.which("dockerd", path=f"{os.environ.get('PATH')}:/usr/sbin"):
        found.missing("Docker Engine", "none answers; starting one needs root and dockerd (make bench-up)")
    else:
        yield from _own_engine()


def _running_engine() -> str | None:
    """The address of the user's engine, if one answers."""
    if not shutil.which("docker"):
        return None
    done = subprocess.run(["docker", "version"], capture_output=True, timeout=START_SECONDS)
    if done.returncode:
        return None
    context = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    found_host = subprocess.run(context, capture_output=True, text=True, timeout=START_SECONDS).stdout.strip()
    return os.environ.get("DOCKER_HOST") or found_host


def _own_engine() -> Iterator[str]:
    # Not tmp_path: a socket's path has at most 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="dockerd-", dir="/tmp"))
    own, host = _start(need("dockerd"), home)
    found.ran("Docker Engine", "a dockerd of the tests' own")
    yield host
    _stop(own)
    shutil.rmtree(home, ignore_errors=True)


def _start(program: str, home: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The engine with the first storage driver that works here, and its address."""
    for driver in ("overlay2", "vfs"):
        folder = home / driver
        folder.mkdir()
        host = f"unix://{folder}/docker.sock"
        with (folder / "log").open("wb") as log:
            own = subprocess.Popen(_command(program, folder, host, driver), stdout=log, stderr=log)
        if _answers(own, host):
            return own, host
        _stop(own)
    tail = "\n".join((folder / "log").read_text(errors="replace").splitlines()[-5:])
    found.missing("Docker Engine", f"dockerd does not start here: {tail}")
    raise AssertionError


def _command(program: str, folder: Path, host: str, driver: str) -> Sequence[str]:
    places = ("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec"))
    alone = ("--bridge=none", "--iptables=false", f"--storage-driver={driver}")
    return [program, "--host", host, *places, "--pidfile", str(folder / "pid"), *alone]


def _answers(own: subprocess.Popen[bytes], host: str) -> bool:
    ask = [need("docker"), "--host", host, "version", "--format", "{{.Server.Version}}"]
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and own.poll() is None:
        if subprocess.run(ask, capture_output=True, timeout=START_SECONDS).returncode == 0:
            return True
        time.sleep(0.2)
    return False


def _stop(own: subprocess.Popen[bytes]) -> None:
    """End the engine, which ends its own containerd; both go when it hangs."""
    children = _children(own.pid)
    own.terminate()
    try:
        own.wait(20)
    except subprocess.TimeoutExpired:
        own.kill()
        own.wait()
        for child in children:
            os.kill(child, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
