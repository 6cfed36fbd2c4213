"""An app with a volume on emulated clouds: what it costs, that it runs, and what stays when it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from clouddeploy.cli import emulated
from tests.cli.test_bad_input import one_error
from tests.commandline import Run

APP = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web:
    build: .
    volumes: [{{name: data, mount: /data, size: 12Gi}}]
    expose: false
targets:
  lab: {{provider: {provider}, region: {region}, cluster: {{name: shop{nodes}}}{registry}}}
"""
REGIONS = {"aws": "us-east-1", "gcp": "us-east1", "digitalocean": "nyc1", "alibaba": "us-east-1"}
NODES = ", nodes: {count: 2, cpus: 2, memory: 4Gi}"


@dataclass(frozen=True)
class Shop:
    """The app in the current folder, and its cloud."""

    provider: str
    config: Path
    env: Mapping[str, str]


@pytest.fixture(scope="module", params=REGIONS)
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """A cloud that starts empty, and its variables."""
    name = request.param
    directory = tmp_path_factory.mktemp(name)
    started = emulated.start(name, directory, account=None, region=REGIONS[name], pace=6000, keep=False)
    yield name, started.environment
    emulated.stop(started)


@pytest.fixture
def shop(cloud: tuple[str, Mapping[str, str]], static_app: Path) -> Shop:
    provider, env = cloud
    registry = (
        ", registry: {instance: cri-rehearsal0000000, namespace: shop}" if provider == "alibaba" else ""
    )
    nodes = "" if provider in ("aws", "gcp") else NODES
    config = static_app / "clouddeploy.yaml"
    config.write_text(APP.format(provider=provider, region=REGIONS[provider], nodes=nodes, registry=registry))
    return Shop(provider, config, env)


@pytest.mark.parametrize("cloud", ["aws", "alibaba"], indirect=True, ids=["no class", "no small disks"])
def test_it_runs_and_its_data_stays_until_that_is_unwanted(run: Run, shop: Shop) -> None:
    made = run("cluster", "create", "--to", "lab", "--yes", env=shop.env)
    assert made.code == 0, made.err
    deployed = run("deploy", "--to", "lab", "--engine", "built-in", env=shop.env)
    assert deployed.code == 0, deployed.err

    shop.config.write_text(shop.config.read_text().replace("12Gi", "11Gi"))
    smaller = run("deploy", "--to", "lab", "--engine", "built-in", env=shop.env)
    size = "20Gi" if shop.provider == "alibaba" else "12Gi"
    if size == "12Gi":
        one_error(smaller, 2, "write size: 12Gi for it")

    planned = run("down", "--to", "lab", "--dry-run", env=shop.env)
    assert f"lab  would keep PersistentVolumeClaim/web-data ({size}): data, still billed" in planned.out
    down = run("down", "--to", "lab", "--yes", env=shop.env)
    assert f"lab  kept PersistentVolumeClaim/web-data ({size}): data, still billed" in down.out
    assert "→ clouddeploy down --to lab --volumes   deletes the volumes, with their data" in down.err

    if shop.provider == "alibaba":
        left = run("cluster", "leftovers", "--to", "lab", env=shop.env)
        assert "20 GiB PL0" in left.out, "by our tag, which our class has the CSI driver set"

    gone = run("down", "--to", "lab", "--volumes", "--yes", env=shop.env)
    assert "removed PersistentVolumeClaim/web-data, Namespace/shop" in gone.out
    assert "kept" not in gone.out


def test_its_price_is_said_before_anything_is_made(run: Run, shop: Shop) -> None:
    usd = {"aws": "0.96", "gcp": "1.20", "digitalocean": "1.20", "alibaba": "1.54"}[shop.provider]
    shown = run("cluster", "create", "--to", "lab", "--name", "fresh", "--dry-run", env=shop.env).out
    (line,) = [line for line in shown.splitlines() if line.startswith("volumes")]
    assert usd in line
