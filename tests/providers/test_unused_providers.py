"""A command loads the providers of its own targets and no other, however many are installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CLOUDS = {f"clouddeploy_{name}" for name in ("alibaba", "aws", "digitalocean", "gcp")}
CONFIG = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {image: 'nginx:1.29', port: 80}
targets:
  lab: {provider: kubernetes, context: lab, registry: {host: 'localhost:5000'}}
  aws: {provider: aws, region: eu-west-1, account: "123456789012"}
"""
PROGRAM = """\
import atexit, json, sys
atexit.register(lambda: sys.stderr.write("\\n" + json.dumps([*sys.modules])))
sys.argv = ["clouddeploy", *json.loads(sys.argv[1])]
from clouddeploy.cli.main import main
main()
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The clouds whose packages a run of the command line has imported."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)
    assert done.returncode == 0, done.stderr
    return CLOUDS & {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize(
    ("arguments", "clouds"),
    [
        (["--version"], set()),
        (["provider", "list"], set()),
        (["config", "show"], set()),
        (["compare", "--memory", "4Gi"], set()),
        (["render", "--to", "lab", "--tag", "1"], set()),
        (["render", "--to", "aws", "--tag", "1"], {"clouddeploy_aws"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_only_the_clouds_that_are_meant_are_loaded(
    tmp_path: Path, arguments: list[str], clouds: set[str]
) -> None:
    (tmp_path / "clouddeploy.yaml").write_text(CONFIG)
    assert loaded(tmp_path, *arguments) == clouds
