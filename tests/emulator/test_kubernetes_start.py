"""Starting and ending an emulated cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import urllib3

from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.kubernetes import KubernetesApi, start_kubernetes
from clouddeploy.emulator.kubernetes.apiserver import Binaries, RealApiServer, find_binaries
from clouddeploy.emulator.kubernetes.processes import Program
from clouddeploy.errors import CloudDeployError, MissingToolError


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def without_binaries(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for name in ("CLOUDDEPLOY_KUBE_APISERVER", "CLOUDDEPLOY_ETCD", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setenv("HOME", str(home))


def test_a_cluster_leaves_no_thread_and_no_port_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    cluster = start_kubernetes(tmp_path, authenticate=lambda _token: None, real=False)
    assert isinstance(cluster, KubernetesApi)
    assert cluster.kind == "built-in"
    cluster.close()
    cluster.close()
    assert set(threading.enumerate()) <= before
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"{cluster.url}/healthz", retries=False, timeout=1)


def test_without_a_real_one_the_small_one_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_binaries(monkeypatch, tmp_path)
    cluster = start_kubernetes(tmp_path, authenticate=lambda _token: None)
    cluster.close()
    assert cluster.kind == "built-in"


def test_to_insist_on_a_real_one_needs_its_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_binaries(monkeypatch, tmp_path)
    with pytest.raises(MissingToolError) as caught:
        start_kubernetes(tmp_path, authenticate=lambda _token: None, real=True)
    assert caught.value.message == "kube-apiserver is not installed"
    assert "CLOUDDEPLOY_KUBE_APISERVER" in str(caught.value.fix)


def test_a_variable_that_names_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDDEPLOY_KUBE_APISERVER", "/nowhere/kube-apiserver")
    with pytest.raises(MissingToolError) as caught:
        find_binaries()
    assert (
        caught.value.message
        == "CLOUDDEPLOY_KUBE_APISERVER names /nowhere/kube-apiserver, which is no program"
    )
    assert caught.value.fix == "Correct or unset CLOUDDEPLOY_KUBE_APISERVER"


def test_the_newest_program_in_the_cache_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_binaries(monkeypatch, tmp_path)
    cache = tmp_path / ".cache" / "clouddeploy" / "bin"
    cache.mkdir(parents=True)
    for version in ("v1.9.9", "v1.36.2", "v1.36.10"):
        script(cache / f"kube-apiserver-{version}", "")
    script(tmp_path / "etcd", "")
    found = find_binaries()
    assert (found.apiserver.name, found.etcd) == ("kube-apiserver-v1.36.10", tmp_path / "etcd")


def test_a_start_that_fails_shows_the_end_of_the_log(tmp_path: Path) -> None:
    etcd = script(tmp_path / "etcd", "echo no space left on device; exit 3")
    authority = Authority(tmp_path / "pki", "test")
    with pytest.raises(CloudDeployError) as caught:
        RealApiServer(tmp_path / "run", authority, lambda _token: None, Binaries(etcd, etcd))
    assert caught.value.message == "etcd ended with status 3\nno space left on device"
    assert caught.value.fix == f"Read {tmp_path}/run/etcd.log"


def test_a_program_ends_when_it_is_closed(tmp_path: Path) -> None:
    program = Program(["sleep", "60"], tmp_path / "log")
    program.check()
    program.close()
    program.close()
    with pytest.raises(CloudDeployError, match="sleep ended"):
        program.check()


def test_a_program_ends_even_when_we_are_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, pathlib\n"
        "from clouddeploy.emulator.kubernetes.processes import Program\n"
        "program = Program(['sleep', '60'], pathlib.Path(sys.argv[1]))\n"
        "print(program.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "log")], capture_output=True, text=True)
    pid = int(done.stdout)
    end = time.monotonic() + 30
    while running(pid) and time.monotonic() < end:
        time.sleep(0.02)
    assert not running(pid)


def test_private_keys_are_private(tmp_path: Path) -> None:
    start_kubernetes(tmp_path, authenticate=lambda _token: None, real=False).close()
    keys = list((tmp_path / "pki").glob("*.key"))
    assert keys
    assert {key.stat().st_mode & 0o077 for key in keys} == {0}
    assert os.access(keys[0], os.R_OK)
