"""What an account says wins over formulas, and what is created costs what was compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.cli import emulated
from tests.cli.test_bad_input import one_error
from tests.commandline import Run

APP = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {image: "nginx:1.29", port: 80, expose: {}, replicas: 2, resources: {cpu: 500m, memory: 512Mi}}
targets:
  do: {provider: digitalocean, region: nyc1, cluster: {name: shop, nodes: {count: 2, cpus: 2, memory: 4Gi}}}
"""


@pytest.fixture(scope="module")
def do(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables of an emulated DigitalOcean account that starts empty."""
    directory = tmp_path_factory.mktemp("do")
    cloud = emulated.start("digitalocean", directory, account=None, region="nyc1", pace=600, keep=False)
    yield cloud.environment
    emulated.stop(cloud)


@pytest.fixture
def shop(folder: Path) -> Path:
    (folder / "clouddeploy.yaml").write_text(APP)
    return folder


def compared(run: Run, env: Mapping[str, str], *arguments: str) -> Any:
    return json.loads(run("compare", "-o", "json", *arguments, env=env).out)


def offer(shown: Any, cloud: str) -> Any:
    return next(one for one in shown["lanes"][0]["offers"] if one["provider"] == cloud)


def test_an_account_says_its_types_and_quotas(run: Run, shop: Path, do: Mapping[str, str]) -> None:
    done = run("compare", "--live", env=do)
    assert done.code == 0
    assert "do: " in done.out
    assert "machine types on offer, no cluster yet" in done.out
    assert "Droplets, 0 used" in done.out
    told = compared(run, do, "--live")
    assert told["wishes"]["region"] == "nyc1"
    assert told["live"][0]["machines_offered"] > 5


def test_a_cluster_costs_what_was_compared(run: Run, shop: Path, do: Mapping[str, str]) -> None:
    pinned = ("--region", "nyc1", "--machine", "do=s-2vcpu-4gb", "--no-surge")
    total = offer(compared(run, do, *pinned), "digitalocean")["total"]["text"]
    made = run("cluster", "create", "--to", "do", "--dry-run", env=do)
    assert made.code == 0
    assert f"total           {total} " in made.out
    assert run("cluster", "create", "--to", "do", "--yes", env=do).code == 0
    planned = run("deploy", "--to", "do", "--dry-run", env=do)
    assert f"do: {total} USD a month on 2 x s-2vcpu-4gb in nyc1" in planned.out


def test_a_cluster_says_what_its_nodes_leave(run: Run, shop: Path, do: Mapping[str, str]) -> None:
    run("cluster", "create", "--to", "do", "--yes", env=do)
    told = compared(run, do, "--live")["live"][0]
    assert told["nodes"] >= 1
    assert told["daemons"] == {"cpu": 0, "memory": 0, "pods": 0}


def test_a_target_that_does_not_answer_is_named_and_the_rest_is_compared(run: Run, shop: Path) -> None:
    done = run("compare", "--live")
    assert done.code == 0
    assert "do was not asked: there is no DigitalOcean token" in done.err
    assert "DOKS " in done.out


def test_a_provider_can_be_asked_without_an_app(run: Run, do: Mapping[str, str]) -> None:
    done = run("compare", "--replicas", "2", "--live", "--to", "digitalocean", env=do)
    assert done.code == 0
    assert "digitalocean: " in done.out


def test_live_without_a_target_says_how_to_name_one(run: Run) -> None:
    one_error(run("compare", "--replicas", "2", "--live"), 2, "name one: --live --to aws")
