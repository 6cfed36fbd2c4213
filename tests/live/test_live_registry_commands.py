"""The registry and images commands on real registries, and docker with the login that they leave it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from clouddeploy.conformance.images import TinyImage
from clouddeploy.images.store import Store
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.holdings import RegistryImages
from clouddeploy.push import push_image
from tests.commandline import Ran, Run
from tests.live.bench.images import busybox
from tests.live.needs import need
from tests.live.registry import LiveRegistry

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

Command = Callable[..., Ran]


@pytest.fixture
def command(run: Run, registry: LiveRegistry, tmp_path: Path) -> Command:
    """Run `clouddeploy …` with docker's config in a folder of its own."""
    own = {"DOCKER_CONFIG": str(tmp_path / "docker"), "SSL_CERT_FILE": os.environ.get("SSL_CERT_FILE", "")}
    env = {name: value for name, value in own.items() if value}
    return lambda *words, given=None: run(*words, env=env, given=given)


def log_in(command: Command, registry: LiveRegistry, password: str | None = None) -> Ran:
    given = registry.password.reveal() if password is None else password
    user = str(registry.user)
    return command("registry", "login", registry.host, "-u", user, "--password-stdin", given=given)


@pytest.mark.parametrize("registry", ["htpasswd", "token"], indirect=True)
class TestLogin:
    def test_docker_pulls_with_it_and_no_more_after_logout(
        self, docker_engine: str, registry: LiveRegistry, command: Command, tmp_path: Path
    ) -> None:
        need("busybox")
        image = busybox(Store(tmp_path / "store"), ["/bin/busybox", "true"], "live")
        with RegistryClient(registry.host, registry.login) as client:
            push_image(image, registry.address, ["v1"], client)
        environment = {
            **os.environ,
            "DOCKER_HOST": docker_engine,
            "DOCKER_CONFIG": str(tmp_path / "docker"),
        }

        def pull() -> subprocess.CompletedProcess[str]:
            words = [need("docker"), "pull", "--quiet", f"{registry.address}:v1"]
            return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=90)

        done = log_in(command, registry)
        assert done.code == 0, done.err
        assert (tmp_path / "docker" / "config.json").stat().st_mode & 0o777 == 0o600
        assert pull().returncode == 0
        remove = [need("docker"), "image", "rm", "--force", f"{registry.address}:v1"]
        subprocess.run(remove, env=environment, capture_output=True, timeout=90)
        assert "has forgotten" in command("registry", "logout", registry.host).out
        assert pull().returncode != 0

    def test_what_docker_wrote_is_read(
        self, registry: LiveRegistry, command: Command, tmp_path: Path
    ) -> None:
        environment = {**os.environ, "DOCKER_CONFIG": str(tmp_path / "docker")}
        words = [need("docker"), "login", "-u", str(registry.user), "--password-stdin", registry.host]
        done = subprocess.run(
            words,
            env=environment,
            input=registry.password.reveal(),
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr
        (found,) = json.loads(command("registry", "list", "-o", "json").out)
        assert (found["host"], found["account"], found["entered"]) == (registry.host, registry.user, True)

    def test_a_wrong_password_is_not_kept(
        self, registry: LiveRegistry, command: Command, tmp_path: Path
    ) -> None:
        done = log_in(command, registry, "certainly-not-the-password")
        assert done.code == 5
        assert "certainly-not-the-password" not in done.err
        assert not (tmp_path / "docker" / "config.json").exists()


def test_images_are_listed_and_tagged(registry: LiveRegistry, command: Command) -> None:
    if registry.user:
        assert log_in(command, registry).code == 0
    image = TinyImage("live", created="2026-01-02T03:04:05Z")
    with RegistryClient(registry.host, registry.login) as client:
        push_image(image, registry.address, ["v1"], client)
        assert registry.repository in client.catalog()
        assert client.referrers(registry.repository, image.manifest.digest) == []
    tagged = command("images", "tag", f"{registry.address}:v1", "stable")
    assert tagged.code == 0, tagged.err
    (found,) = json.loads(command("images", "ls", registry.address, "-o", "json").out)
    assert (found["digest"], found["tags"]) == (image.manifest.digest, ["stable", "v1"])
    assert found["pushed"] == "2026-01-02T03:04:05+00:00"


def test_what_is_deleted_is_gone(registry: LiveRegistry) -> None:
    image = TinyImage("gone")
    with RegistryClient(registry.host, registry.login) as client:
        push_image(image, registry.address, ["v1", "v2"], client)
        images = RegistryImages(client)
        images.delete(registry.repository, images.list(registry.repository))
        assert client.head_manifest(registry.repository, "v1") is None
        assert client.tags(registry.repository) == []
