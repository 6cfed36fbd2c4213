"""The fixtures of the suite: a rig, its running cloud, the provider connected to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from clouddeploy import plugins
from clouddeploy.conformance.rig import Cloud, Rig, Site
from clouddeploy.contract import Provider

_PROMISED_BY = {"provisioner": "provisions", "asking": "asks_who", "fixing": "fixes_tags"}
"""Fixtures that only some rigs can give, and the promise of a Rig that they need."""


def each_rig(metafunc: pytest.Metafunc, rigs: Sequence[Rig]) -> None:
    """Run a test that uses `rig` once for every rig that promises what the test asks for."""
    if "rig" not in metafunc.fixturenames:
        return
    needed = [promise for name, promise in _PROMISED_BY.items() if name in metafunc.fixturenames]
    fitting = [rig for rig in rigs if all(getattr(rig, promise) for promise in needed)]
    metafunc.parametrize("rig", fitting, ids=[rig.name for rig in fitting], indirect=True, scope="session")


@pytest.fixture(scope="session")
def rig(request: pytest.FixtureRequest) -> Rig:
    """Every rig in turn."""
    chosen: Rig = request.param
    return chosen


@pytest.fixture(scope="session")
def cloud(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The rig's cloud, started once for all tests."""
    with rig.start(tmp_path_factory.mktemp(rig.name)) as running:
        yield running


@pytest.fixture
def site(cloud: Cloud, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The cloud, emptied, and an environment that leads only to it."""
    for name in list(os.environ):
        if name.startswith(tuple(rig.cleared)):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    # Emulated time runs away from a real kube-apiserver, which takes seconds to start.
    monkeypatch.setenv("CLOUDDEPLOY_KUBE_APISERVER", "none, the built-in one")
    running = cloud()
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    return running


@pytest.fixture
def asking(rig: Rig) -> None:
    """Only clouds that answer `identity` themselves."""


@pytest.fixture
def fixing(site: Site) -> Provider:
    """A provider that makes repositories whose tags never move; only clouds that have those."""
    registry = {**site.target.registry, "immutable": "true"}
    return plugins.connect(replace(site.target, registry=registry))


@pytest.fixture
def provider(site: Site) -> Provider:
    """The provider, connected to the site's target."""
    return plugins.connect(site.target)
