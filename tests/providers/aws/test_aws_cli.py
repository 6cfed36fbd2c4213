"""AWS's own command line against the emulated account: it understands, and is understood."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from clouddeploy_aws.emulator.cloud import AwsCloud
from moto_fixtures.aws import ACCOUNT, AwsAccount
from tests.live import found
from tests.transcript import typed

PART = "aws CLI"
AWSCLI = "awscli==1.45.11"
_INSTALL_SECONDS = 300

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

Aws = Callable[..., str]


@pytest.fixture(scope="module")
def program() -> str:
    """The aws command: one on PATH, or one in a virtual environment of its own, installed once."""
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clouddeploy" / "awscli"
    for candidate in ("aws", str(own / "bin" / "aws")):
        if version := _version(candidate):
            found.ran(PART, version)
            return candidate
    return _installed(own)


def _version(program: str) -> str | None:
    try:
        run = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60)
    except OSError:
        return None
    return run.stdout.split()[0] if run.returncode == 0 else None


def _installed(place: Path) -> str:
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", AWSCLI]
    try:
        for command in ([sys.executable, "-m", "venv", str(place)], pip):
            subprocess.run(command, check=True, capture_output=True, timeout=_INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        found.missing(PART, f"none on PATH, and awscli cannot be installed: {error}")
    program = str(place / "bin" / "aws")
    found.ran(PART, _version(program) or "an aws that does not tell its version")
    return program


@pytest.fixture
def aws(
    aws_account: AwsAccount,
    program: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> Iterator[Aws]:
    """Run the command; its output."""
    seen: list[str] = []
    environment = {**os.environ, **aws_account.cloud.environment, "HOME": str(tmp_path), "AWS_PAGER": ""}
    environment["AWS_DEFAULT_OUTPUT"] = "json"
    environment["KUBECONFIG"] = str(tmp_path / "kubeconfig")

    def run(*arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            [program, *arguments], env=environment, capture_output=True, text=True, timeout=120
        )
        assert bool(done.returncode) == fails, done.stderr
        said = done.stderr if fails else done.stdout
        seen.append(typed(["aws", *arguments], said, tmp_path))
        return said

    yield run
    record_property("transcript", "\n".join(seen))


def _read(text: str) -> Any:
    return json.loads(text)


def test_log_in_and_make_a_repository(aws: Aws, aws_account: AwsAccount) -> None:
    assert _read(aws("sts", "get-caller-identity"))["Account"] == ACCOUNT
    made = _read(aws("ecr", "create-repository", "--repository-name", "shop/web"))["repository"]
    assert made["repositoryUri"] == f"{aws_account.cloud.host}/shop/web"
    password = aws("ecr", "get-login-password").strip()
    headers = urllib3.make_headers(basic_auth=f"AWS:{password}")
    assert urllib3.request("GET", f"http://{aws_account.cloud.host}/v2/", headers=headers).status == 200
    again = aws("ecr", "create-repository", "--repository-name", "shop/web", fails=True)
    assert "RepositoryAlreadyExistsException" in again
    assert _read(aws("ecr", "delete-repository", "--repository-name", "shop/web"))


def _create(aws: Aws, account: AwsAccount) -> None:
    subnets = [one["SubnetId"] for one in _read(aws("ec2", "describe-subnets"))["Subnets"]]
    role = account.role("cli", "eks.amazonaws.com", {})
    account.settle(role)
    network = f"subnetIds={','.join(subnets)}"
    aws("eks", "create-cluster", "--name", "cli", "--role-arn", role, "--resources-vpc-config", network)


def test_a_cluster_from_the_first_command_to_the_last(
    aws: Aws, aws_account: AwsAccount, tmp_path: Path
) -> None:
    cloud: AwsCloud = aws_account.cloud
    _create(aws, aws_account)
    assert _read(aws("eks", "list-clusters"))["clusters"] == ["cli"]
    cloud.eks.join()
    cloud.clock.advance(1000)
    shown = _read(aws("eks", "describe-cluster", "--name", "cli"))["cluster"]
    assert (shown["status"], shown["version"], shown["upgradePolicy"]) == (
        "ACTIVE",
        "1.36",
        {"supportType": "EXTENDED"},
    )
    aws("eks", "update-kubeconfig", "--name", "cli")
    config = yaml.safe_load((tmp_path / "kubeconfig").read_text())
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    token = _read(aws("eks", "get-token", "--cluster-name", "cli"))["status"]["token"]
    (kubernetes,) = aws_account.kubernetes
    assert kubernetes.authenticate(token) == ("kubernetes-admin", ("system:masters",))
    aws("eks", "delete-cluster", "--name", "cli")
    cloud.clock.advance(1000)
    gone = aws("eks", "describe-cluster", "--name", "cli", fails=True)
    assert "No cluster found for name: cli." in gone
