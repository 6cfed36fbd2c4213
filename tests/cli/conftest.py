"""Fixtures of the command line's tests: an emulated AWS, an app that needs no engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.cli import emulated
from clouddeploy.contract import Login, Secret
from tests.cli.zeta import CONFIG, zeta_cloud


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables of an emulated AWS account that starts empty."""
    directory = tmp_path_factory.mktemp("aws")
    cloud = emulated.start("aws", directory, account=None, region="eu-west-1", pace=600, keep=False)
    yield cloud.environment
    emulated.stop(cloud)


@pytest.fixture
def static_app(folder: Path) -> Path:
    """An app that needs no engine: one service from scratch, with a page."""
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_text("hello")
    (folder / "Dockerfile").write_text(
        "FROM scratch\nCOPY site /site\nEXPOSE 8080\nHEALTHCHECK CMD curl -f http://localhost:8080/index.html\n"
        'CMD ["/server"]\n'
    )
    return folder


@dataclass(frozen=True)
class Zeta:
    """A plug-in's cloud: `cloud` to look inside, `env` for commands."""

    cloud: Any
    env: Mapping[str, str]

    @property
    def login(self) -> Login:
        """What its registry takes."""
        return Login(self.cloud._registry.host, "token", Secret(self.cloud._password))


@pytest.fixture(scope="session")
def zeta_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zeta]:
    with zeta_cloud(tmp_path_factory.mktemp("zeta")) as (cloud, env):
        yield Zeta(cloud, env)


@pytest.fixture
def zeta(zeta_running: Zeta, folder: Path) -> Zeta:
    """A cloud with an empty account, and an app with it as its only target."""
    zeta_running.cloud.reset()
    (folder / "clouddeploy.yaml").write_text(CONFIG)
    return zeta_running
