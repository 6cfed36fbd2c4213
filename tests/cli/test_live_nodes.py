"""`compare --live` computes with what the nodes of a target's cluster say, whatever the cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.cli import emulated
from clouddeploy.prices import cache
from clouddeploy.prices.clouds import CLOUDS
from tests.commandline import Run

REGIONS = {"aws": "us-east-1", "gcp": "us-east1", "digitalocean": "nyc1", "alibaba": "us-east-1"}
APP = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {{build: ., expose: false, resources: {{cpu: 500m, memory: 512Mi}}}}
targets:
  lab: {{provider: {provider}, region: {region}, cluster: {{name: shop{nodes}}}{registry}}}
"""
MORE = {
    "aws": ("", ""),
    "gcp": (", nodes: {count: 3, machine: e2-standard-2}", ""),
    "digitalocean": (", nodes: {count: 2, machine: s-2vcpu-4gb}", ""),
    "alibaba": (
        ", nodes: {count: 2, machine: ecs.c9i.xlarge}",
        ", registry: {instance: cri-rehearsal0000000, namespace: shop}",
    ),
}
TOLD = {
    "aws": ("c7i.large", 1),
    "gcp": ("e2-standard-2", 3),
    "digitalocean": ("s-2vcpu-4gb", 2),
    "alibaba": ("ecs.c9i.xlarge", 2),
}


@pytest.fixture(params=REGIONS)
def lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, static_app: Path
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """A cloud, and an app with it as its target."""
    name = request.param
    nodes, registry = MORE[name]
    text = APP.format(provider=name, region=REGIONS[name], nodes=nodes, registry=registry)
    (static_app / "clouddeploy.yaml").write_text(text)
    directory = tmp_path_factory.mktemp(name)
    cloud = emulated.start(name, directory, account=None, region=REGIONS[name], pace=6000, keep=False)
    yield name, cloud.environment
    emulated.stop(cloud)


def formula(cloud: str, machine: str) -> dict[str, int]:
    """What `compare` takes a node to leave when nobody says: the formula, less the planned DaemonSets."""
    catalog, _ = cache.load()
    (known,) = [one for one in catalog.machines(cloud, REGIONS[cloud]) if one.name == machine]
    room = next(one for one in CLOUDS if one.name == cloud).room(known)
    return asdict(room.less(200, 200, 2))


def room_of(shown: Any, cloud: str) -> Any:
    return next(o["node_room"] for lane in shown["lanes"] for o in lane["offers"] if o["provider"] == cloud)


def test_what_the_nodes_leave_wins_over_the_formula(run: Run, lab: tuple[str, Mapping[str, str]]) -> None:
    cloud, env = lab
    assert run("cluster", "create", "--to", "lab", "--yes", env=env).code == 0
    deployed = run("deploy", "--to", "lab", "--engine", "built-in", env=env)
    assert deployed.code == 0, deployed.err
    machine, count = TOLD[cloud]

    pinned = ("compare", "-o", "json", "--machine", f"{cloud}={machine}")
    shown: Any = json.loads(run(*pinned, "--live", env=env).out)
    (live,) = shown["live"]
    assert live["nodes"] == count
    assert live["rooms"].keys() == {machine}
    assert room_of(shown, cloud) == live["rooms"][machine], "no DaemonSet takes anything of it"

    unasked: Any = json.loads(run(*pinned, env=env).out)
    assert room_of(unasked, cloud) == formula(cloud, machine)
    assert room_of(unasked, cloud) != room_of(shown, cloud)
