"""A cluster that others made: it is let to pull what is pushed, and used only when the target says so."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.emulator import EmulatorSettings
from tests.cli.test_bad_input import one_error
from tests.commandline import Run

APP = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {{build: ., expose: false}}
targets:
  lab: {{provider: {provider}, region: {region}, cluster: {cluster}{registry}}}
"""
NODES = "{name: shop, nodes: {count: 2, cpus: 2, memory: 4Gi}}"


@dataclass(frozen=True)
class Kind:
    """A cloud: where, its registry, how it forgets that a cluster is ours and may pull, how it refuses."""

    region: str
    registry: str
    forget: Callable[[Any], None]
    deny: Callable[[Any], None]
    by_hand: str


def _forget_do(cloud: Any) -> None:
    cloud.kubernetes.disown("shop")
    for one in cloud.kubernetes.clusters.values():
        one.registries.clear()


def _forget_gcp(cloud: Any) -> None:
    cloud.disown("shop")
    cloud.artifacts.repo("us-east1", "shop").policy.bindings = []


def _forget_alibaba(cloud: Any) -> None:
    cloud.disown("shop")
    for one in cloud.ack.clusters():
        one.addons.pop("managed-aliyun-acr-credential-helper")


def _deny_do(cloud: Any) -> None:
    cloud.account.scopes -= {"kubernetes:update"}


def _deny_gcp(cloud: Any) -> None:
    cloud.denied.add("artifactregistry.repositories.setIamPolicy")


def _deny_alibaba(cloud: Any) -> None:
    from clouddeploy_alibaba.policy import POLICY

    key = cloud.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    cloud.policies[key] = json.loads(POLICY.replace('"cs:InstallClusterAddons", ', ""))


KINDS = {
    "digitalocean": Kind("nyc1", "", _forget_do, _deny_do, "doctl kubernetes cluster registry add "),
    "gcp": Kind(
        "us-east1", "", _forget_gcp, _deny_gcp, "gcloud artifacts repositories add-iam-policy-binding shop "
    ),
    "alibaba": Kind(
        "us-east-1",
        ", registry: {instance: cri-rehearsal0000000, namespace: shop}",
        _forget_alibaba,
        _deny_alibaba,
        "aliyun cs POST /clusters/",
    ),
}


@dataclass(frozen=True)
class Theirs:
    """A cluster named shop that others made, and an app whose target is called lab."""

    kind: Kind
    cloud: Any
    config: Path
    provider: str

    def write(self, cluster: str) -> None:
        """The app's config, with this cluster in its target."""
        where = {"provider": self.provider, "region": self.kind.region, "registry": self.kind.registry}
        self.config.write_text(APP.format(cluster=cluster, **where))


@pytest.fixture(params=KINDS)
def theirs(request: pytest.FixtureRequest, run: Run, static_app: Path, tmp_path: Path) -> Iterator[Theirs]:
    name, kind = request.param, KINDS[request.param]
    start = importlib.import_module(f"clouddeploy_{name}.emulator").start
    cloud = start(EmulatorSettings(tmp_path / "cloud", region=kind.region, pace=6000))
    found = Theirs(kind, cloud, static_app / "clouddeploy.yaml", name)
    found.write("{name: shop}" if name == "gcp" else NODES)
    try:
        made = run("cluster", "create", "--to", "lab", "--yes", env=cloud.environment)
        assert made.code == 0, made.err
        kind.forget(cloud)
        yield found
    finally:
        cloud.close()


def test_it_is_let_to_pull_what_deploy_pushes(run: Run, theirs: Theirs) -> None:
    env = theirs.cloud.environment
    theirs.write("{existing: shop}")
    planned = run("deploy", "--to", "lab", "--engine", "built-in", "--dry-run", env=env)
    assert planned.code == 0, planned.err
    assert "lab  would let the cluster pull: " in planned.err

    deployed = run("deploy", "--to", "lab", "--engine", "built-in", env=env)
    assert deployed.code == 0, deployed.err
    assert "healthy" in deployed.out
    assert "lab  let the cluster pull: " in deployed.err

    again = run("deploy", "--to", "lab", "--engine", "built-in", env=env)
    assert again.code == 0, again.err
    assert "let the cluster pull" not in again.err


def test_who_may_not_let_it_is_told_what_somebody_else_can_run(run: Run, theirs: Theirs) -> None:
    theirs.write("{existing: shop}")
    theirs.kind.deny(theirs.cloud)
    deployed = run("deploy", "--to", "lab", "--engine", "built-in", env=theirs.cloud.environment)
    one_error(deployed, 6, "web: 0 of 1 ready: ", theirs.kind.by_hand)


def test_it_is_left_alone_unless_the_target_calls_it_existing(run: Run, theirs: Theirs) -> None:
    env = theirs.cloud.environment
    for command in (
        ("deploy", "--engine", "built-in"),
        ("deploy", "--engine", "built-in", "--dry-run"),
        ("status",),
        ("down", "--yes"),
    ):
        one_error(
            run(*command, "--to", "lab", env=env),
            5,
            "cluster shop was not made by clouddeploy and stays as it is",
            "write cluster: {existing: shop}; or choose another cluster: {name: …}",
        )
    checked = run("doctor", "--to", "lab", env=env)
    assert checked.code != 0
    assert "write cluster: {existing: shop}" in checked.out + checked.err
