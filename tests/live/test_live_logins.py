"""Docker itself logs in to each cloud's registry with our login, pushes, and we find its digest."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddeploy.conformance.fixtures import cloud, provider, rig, site
from clouddeploy.contract import Provider
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.reference import Reference
from tests.conformance.rigs import RIGS
from tests.live.needs import need

__all__ = ["cloud", "provider", "rig", "site"]

pytestmark = pytest.mark.live


@pytest.fixture
def image(docker_engine: str, tmp_path: Path) -> Iterator[str]:
    """An image in the engine, made from nothing."""
    name = f"live-logins:{os.getpid()}"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    command = ["docker", "build", "-q", "-t", name, str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "DOCKER_HOST": docker_engine})
    yield name
    remove = ["docker", "image", "rm", "--force", name]
    subprocess.run(remove, capture_output=True, env={**os.environ, "DOCKER_HOST": docker_engine})


@pytest.mark.parametrize("rig", RIGS, ids=lambda each: each.name, indirect=True, scope="session")
def test_docker_logs_in_and_pushes(
    docker_engine: str,
    image: str,
    provider: Provider,
    tmp_path: Path,
) -> None:
    environment = {**os.environ, "DOCKER_HOST": docker_engine, "DOCKER_CONFIG": str(tmp_path / "docker")}

    def docker(*words: str, given: str | None = None) -> str:
        command = [need("docker"), *words]
        done = subprocess.run(
            command, env=environment, input=given, capture_output=True, text=True, timeout=90
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    address = provider.registry.ensure("shop/web").address
    where = Reference.parse_address(address)
    login = provider.registry.login()
    assert login
    docker("login", "-u", login.username, "--password-stdin", where.host, given=login.password.reveal())
    docker("tag", image, f"{address}:docker")
    docker("push", f"{address}:docker")
    pushed = docker("image", "inspect", "--format", '{{join .RepoDigests " "}}', f"{address}:docker")
    with RegistryClient(where.host, provider.registry.login) as client:
        found = client.head_manifest(where.repository, "docker")
    docker("image", "rm", "--force", f"{address}:docker")
    assert found
    assert f"{address}@{found.digest}" in pushed.split()
