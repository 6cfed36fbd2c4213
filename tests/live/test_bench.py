"""The bench's own manners: it says which part fails and why, and ends only what it started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.live.bench import __main__ as bench
from tests.live.bench import keys, places, ports, processes, programs
from tests.live.bench.processes import Part
from tests.live.bench.trouble import BenchError, named

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
NAP = "; time.sleep(60)"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A bench of this test's own, beside the one that may be up."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert places.state().is_relative_to(tmp_path)
    yield
    for name in processes.names():
        processes.stop(name, patience=2)


def script(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_a_part_is_started_once() -> None:
    part = Part("sleeper", SLEEP, ready=lambda: True)
    processes.start(part)
    first = (places.state() / "run" / "sleeper.json").read_text()
    processes.start(part)
    assert (places.state() / "run" / "sleeper.json").read_text() == first
    assert processes.names() == ["sleeper"]


def test_a_port_that_is_taken_is_named_with_the_parts_last_words() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        number = taken.getsockname()[1]
        bind = script(f"import socket; socket.create_server(('127.0.0.1', {number}))")
        with pytest.raises(BenchError) as caught:
            processes.start(Part("registry", bind, ready=lambda: False))
    text = str(caught.value)
    assert text.startswith("registry ended at once")
    assert "Address already in use" in text
    assert "fix: make bench-down bench-up" in text


def test_an_answer_of_somebody_else_is_not_taken_for_the_parts() -> None:
    with pytest.raises(BenchError, match="registry ended, and something else answers on its port"):
        processes.start(Part("registry", script("pass"), ready=lambda: not processes.running("registry")))


def test_a_part_that_never_answers_is_given_up() -> None:
    with pytest.raises(BenchError, match="sleeper does not answer after 0 s"):
        processes.start(Part("sleeper", SLEEP, ready=lambda: False, patience=0.3))


def test_a_killed_daemon_is_started_again() -> None:
    part = Part("sleeper", SLEEP, ready=lambda: True)
    processes.start(part)
    processes.stop("sleeper", patience=2)
    assert not processes.running("sleeper")
    processes.start(part)
    assert processes.running("sleeper")


def test_what_a_killed_daemon_leaves_behind_is_ended_and_nothing_else(tmp_path: Path) -> None:
    """As the containers of a killed containerd: they live on, and do not inherit the mark."""
    wrote = tmp_path / "pid"
    container = f"subprocess.Popen({SLEEP!r}, start_new_session=True, env={{}}).pid"
    shim = f"import pathlib, subprocess, time; pathlib.Path({str(wrote)!r}).write_text(str({container}))"
    daemon = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {shim + NAP!r}])"
    processes.start(
        Part("daemon", script(daemon + NAP), ready=lambda: wrote.exists() and wrote.read_text() != "")
    )
    pid = int(wrote.read_text())
    with subprocess.Popen(SLEEP) as stranger:
        processes.stop("daemon", patience=0)
        assert is_alive(pid)
        assert processes.end_strays() == 2
        wait_for_end(pid)
        assert stranger.poll() is None
        stranger.terminate()
    assert processes.end_strays() == 0


def test_a_process_that_has_our_old_id_is_not_ended() -> None:
    with subprocess.Popen(SLEEP) as stranger:
        file = places.state() / "run" / "ours.json"
        file.parent.mkdir(parents=True)
        file.write_text(f'{{"pid": {stranger.pid}, "birth": 1}}')
        assert not processes.running("ours")
        processes.stop("ours")
        assert stranger.poll() is None
        stranger.terminate()


def test_a_missing_program_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match="kubelet is not installed\nfix: make bench-up"):
        programs.find("kubelet")


def test_without_root_it_says_so_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BenchError, match="need Linux and root\nfix: run it as root, or use "):
        bench.up()
    assert not list(tmp_path.iterdir())


def test_without_apt_the_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "PACKAGES", {str(tmp_path / "no-such-program"): "some-package"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match="missing: some-package; installing them needs root and apt\nfix: "):
        programs.install_packages()


def test_a_download_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "_PAUSE", 0)
    fake_go(tmp_path, "test -e tried || { touch tried; echo 'i/o timeout' >&2; exit 1; }; touch \"$6\"")
    monkeypatch.setattr(places, "HERE", tmp_path / "bench")
    for module in ("bench/kubernetes", "bench/coredns", "conformance"):
        (tmp_path / module).mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    programs.build()
    assert programs.find("kubelet").endswith(f"kubelet-{programs.KUBERNETES}")


def test_a_program_that_cannot_be_built_says_what_go_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_go(tmp_path, "echo 'no space left on device' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(BenchError, match="no space left on device") as caught:
        programs.build()
    assert "fix: free some disk space, then make bench-down bench-up" in str(caught.value)
    assert not list(places.programs().glob("*")), "nothing half-built stays"


def test_ports_stay_the_same_and_differ() -> None:
    first = {name: ports.port(name) for name in ("etcd", "kubelet", "registry")}
    assert len(set(first.values())) == 3
    assert {name: ports.port(name) for name in first} == first


@pytest.mark.skipif(os.geteuid() != 0, reason="filling a disk takes root, to mount a small one")
def test_a_full_disk_is_named_and_leaves_no_half_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], check=True)
    try:
        monkeypatch.setenv("XDG_CACHE_HOME", str(disk))
        first = ports.port("etcd")
        _fill(disk)
        with (
            pytest.raises(BenchError, match=r"No space left on device.*\nfix: free some disk space"),
            named("ports"),
        ):
            ports.port("kubelet")
        assert ports.port("etcd") == first
        with pytest.raises(BenchError, match=r"keys: .*No space left"), named("keys"):
            keys.make()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_two_at_a_time_are_one_too_many() -> None:
    with places.alone(), pytest.raises(BenchError, match="another bench-up or bench-down is at work"):
        bench.down()


def fake_go(folder: Path, text: str) -> None:
    go = folder / "go"
    go.write_text(f"#!/bin/sh\n{text}\n")
    go.chmod(0o755)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/exe").exists()


def wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 20
    while is_alive(pid):
        assert time.monotonic() < deadline, f"{pid} lives on"
        time.sleep(0.02)


def _fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"x" * 4096)
