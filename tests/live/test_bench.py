"""The bench's own manners: it says which part fails and why, and ends only what it started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.bench import places, ports, processes, programs
from tests.live.bench.processes import BenchError, Part

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


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


def test_a_part_that_ends_at_once_is_named_with_its_last_words() -> None:
    taken = script("import sys; sys.exit('listen tcp 127.0.0.1:80: bind: address already in use')")
    with pytest.raises(BenchError) as caught:
        processes.start(Part("registry", taken, ready=lambda: False))
    text = str(caught.value)
    assert text.startswith("registry ended at once")
    assert "address already in use" in text
    assert "fix: make bench-down bench-up" in text


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


def test_without_root_or_apt_the_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "PACKAGES", {str(tmp_path / "no-such-program"): "some-package"})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BenchError, match="missing: some-package; installing them needs root and apt\nfix: "):
        programs.install_packages()


def test_a_program_that_cannot_be_built_says_what_go_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho 'no space left on device' >&2\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(BenchError, match="no space left on device") as caught:
        programs.build()
    assert "fix: " in str(caught.value)
    assert not list(places.programs().glob("*")), "nothing half-built stays"


def test_ports_stay_the_same_and_differ() -> None:
    first = {name: ports.port(name) for name in ("etcd", "kubelet", "registry")}
    assert len(set(first.values())) == 3
    assert {name: ports.port(name) for name in first} == first
