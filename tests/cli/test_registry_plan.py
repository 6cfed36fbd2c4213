"""A registry whose plan has no room for the app says so before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from clouddeploy.cli import emulated
from tests.cli.test_bad_input import one_error
from tests.commandline import Run

APP = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {{build: .}}
  api: {{build: {{context: ., target: api}}}}
targets:
  do: {{provider: digitalocean, region: nyc1, cluster: {{name: shop}}{registry}}}
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
    """An app of two images."""
    (folder / "page").write_text("hello")
    (folder / "Dockerfile").write_text(
        'FROM scratch AS api\nCOPY page /api\nCMD ["/api"]\nFROM scratch\nCOPY page /web\nCMD ["/web"]\n'
    )
    config = folder / "clouddeploy.yaml"
    config.write_text(APP.format(registry=""))
    return config


def stored(run: Run, env: Mapping[str, str]) -> list[str]:
    shown = json.loads(run("images", "ls", "--to", "do", "-o", "json", env=env).out)
    return sorted({one["repository"] for one in shown})


def test_two_images_need_more_than_the_starter_plan(run: Run, shop: Path, do: Mapping[str, str]) -> None:
    refused = run("push", "--to", "do", "--engine", "built-in", env=do)
    one_error(refused, 5, "write registry: {tier: basic} in the target: Basic holds 5 repositories")
    assert "the plan Starter holds 1; nothing was sent" in refused.err

    shop.write_text(APP.format(registry=", registry: {tier: basic}"))
    pushed = run("push", "--to", "do", "--engine", "built-in", env=do)
    assert pushed.code == 0, pushed.err
    assert stored(run, do) == ["shop/api", "shop/web"]
