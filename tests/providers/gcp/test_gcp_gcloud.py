"""Google's own command line against the emulated project: it understands, and is understood."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from moto_fixtures.gcp import PROJECT, REGION, ZONE, GcpAccount
from tests.live import found
from tests.transcript import typed

PART = "gcloud"

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

Gcloud = Callable[..., Any]


@pytest.fixture(scope="module")
def version() -> str:
    """Of the gcloud on PATH; it is no Python package, so it is not installed for the tests."""
    try:
        run = subprocess.run(["gcloud", "version"], capture_output=True, text=True, timeout=60)
    except OSError as error:
        found.lines.setdefault(PART, f"skipped: {error}")
        pytest.skip("there is no gcloud")
    found.ran(PART, run.stdout.splitlines()[0])
    return run.stdout


@pytest.fixture
def gcloud(
    gcp_account: GcpAccount,
    version: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> Iterator[Gcloud]:
    """Run a command; its JSON. Time passes, as gcloud waits with its own clock."""
    seen: list[str] = []
    environment = {**os.environ, **gcp_account.cloud.environment, "KUBECONFIG": str(tmp_path / "kubeconfig")}

    def run(*arguments: str, fails: bool = False) -> Any:
        done = subprocess.run(
            ["gcloud", *arguments, "--format=json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert bool(done.returncode) == fails, done.stderr
        said = done.stderr if fails else done.stdout
        seen.append(typed(["gcloud", *arguments], said, tmp_path))
        return said if fails else json.loads(said or "null")

    gcp_account.cloud.clock.pace = 300
    yield run
    gcp_account.cloud.clock.pace = 0
    record_property("transcript", "\n".join(seen))


def test_repositories_are_made_and_listed(gcloud: Gcloud) -> None:
    make = ("artifacts", "repositories", "create", "shop", "--repository-format=docker")
    gcloud(*make, f"--location={REGION}")
    listed = gcloud("artifacts", "repositories", "list", f"--location={REGION}")
    assert [one["name"] for one in listed] == [f"projects/{PROJECT}/locations/{REGION}/repositories/shop"]
    assert "already exists" in gcloud(*make, f"--location={REGION}", fails=True)


def test_a_cluster_from_the_first_command_to_the_last(
    gcloud: Gcloud, gcp_account: GcpAccount, tmp_path: Path
) -> None:
    gcloud("container", "clusters", "create", "byhand", f"--zone={ZONE}", "--num-nodes=1")
    (listed,) = gcloud("container", "clusters", "list")
    assert (listed["name"], listed["status"], listed["currentNodeCount"]) == ("byhand", "RUNNING", 1)
    gcloud("container", "clusters", "get-credentials", "byhand", f"--zone={ZONE}")
    config = yaml.safe_load((tmp_path / "kubeconfig").read_text())
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    gcloud("container", "clusters", "resize", "byhand", f"--zone={ZONE}", "--num-nodes=2", "--quiet")
    assert [kind for kind, _, _ in gcp_account.cloud.ledger()] == ["cluster", "node", "node"]
    gcloud("container", "clusters", "delete", "byhand", f"--zone={ZONE}", "--quiet")
    assert gcp_account.cloud.ledger() == []


def test_an_autopilot_cluster(gcloud: Gcloud) -> None:
    gcloud("container", "clusters", "create-auto", "byhand", f"--region={REGION}")
    (listed,) = gcloud("container", "clusters", "list")
    assert (listed["name"], listed["autopilot"]["enabled"]) == ("byhand", True)
    gcloud("container", "clusters", "delete", "byhand", f"--region={REGION}", "--quiet")


def test_refusals_are_shown_in_our_words_for_googles(gcloud: Gcloud) -> None:
    wrong = ("container", "clusters", "create", "byhand", f"--zone={ZONE}", "--num-nodes=40")
    assert "Insufficient regional quota" in gcloud(*wrong, fails=True)
