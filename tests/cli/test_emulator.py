"""Emulated clouds that stay while one works: found again, used by any command, ended."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commandline import Run

NOBODY = "http://127.0.0.1:9"
TARGETS = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {build: .}
targets:
  aws: {provider: aws}
  gcp: {provider: gcp}
  do: {provider: digitalocean}
  ali: {provider: alibaba}
"""


@pytest.fixture
def clouds(run: Run) -> Iterator[dict[str, str]]:
    """The variables of all four clouds in one process."""
    done = run("emulator", "up", "--cloud", "all", "--pace", "600")
    assert done.code == 0, done.err
    words = (shlex.split(line)[1] for line in done.out.splitlines())
    variables = dict(word.partition("=")[::2] for word in words)
    yield variables
    ended = run("emulator", "down", "--cloud", "all")
    assert "emulated all ended" in ended.out
    assert f"unset {' '.join(variables)}" in " ".join(ended.err.split())


def test_it_is_found_again_and_ended(run: Run, clouds: dict[str, str]) -> None:
    status = run("emulator", "status").out
    assert "all" in status
    pid = int(status.splitlines()[1].split()[1])
    assert Path(f"/proc/{pid}").exists()
    again = run("emulator", "up", "--cloud", "all")
    assert f"process {pid};" in again.err, "a second up starts nothing"
    assert "REQUESTS_CA_BUNDLE let this shell trust no other host" in again.err
    assert "clouddeploy emulator down --cloud all" in again.err
    assert "clouddeploy emulator down --cloud all   this one is" in run("emulator", "down").err


def test_behind_a_proxy_the_emulated_clouds_are_reached_all_the_same(
    run: Run, static_app: Path, clouds: dict[str, str]
) -> None:
    (static_app / "clouddeploy.yaml").write_text(TARGETS)
    past = "intra.example,127.0.0.1,localhost"
    proxies = {"HTTP_PROXY": NOBODY, "HTTPS_PROXY": NOBODY, "NO_PROXY": "intra.example"}
    told = run("emulator", "up", "--cloud", "all", env=proxies).out.splitlines()
    exported = [f"export {name}={past}" for name in ("NO_PROXY", "no_proxy")]
    assert [line for line in told if "no_proxy" in line.lower()] == exported
    proxies |= {"NO_PROXY": past, "no_proxy": past, "PATH": os.environ["PATH"]}
    rows = run("doctor", "--to", "all", env={**clouds, **proxies}).out.splitlines()
    good = [row.split()[1] for row in rows if row.startswith("✓") and "credentials" in row]
    assert sorted(good) == ["ali", "aws", "do", "gcp"]


def test_four_clouds_in_one_process_serve_one_push(
    run: Run, static_app: Path, clouds: dict[str, str]
) -> None:
    (static_app / "clouddeploy.yaml").write_text(TARGETS)
    environment = {**clouds, "PATH": os.environ["PATH"]}
    done = run("push", "--to", "all", env=environment)
    assert done.code == 0, done.err
    assert len([line for line in done.out.splitlines() if "pushed 1" in line]) == 4
    images = [line for line in done.out.splitlines() if "shop/web" in line]
    assert len(images) == 1, "one digest, the same everywhere"


def test_one_target_that_fails_does_not_stop_the_others(
    run: Run, static_app: Path, clouds: dict[str, str]
) -> None:
    (static_app / "clouddeploy.yaml").write_text(TARGETS)
    done = run(
        "push", "--to", "all", env={**clouds, "DIGITALOCEAN_TOKEN": "", "DIGITALOCEAN_ACCESS_TOKEN": ""}
    )
    assert done.code == 4
    assert "3 of 4 targets done" in done.err
    assert "clouddeploy push --to do" in done.err


def test_down_without_up_says_so(run: Run) -> None:
    assert "no emulated aws is running" in run("emulator", "down").err
