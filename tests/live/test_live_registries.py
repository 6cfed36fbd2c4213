"""One push through every kind of registry login, read back by others, byte for byte."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from clouddeploy.contract import Login, Secret
from clouddeploy.errors import CredentialsError
from clouddeploy.images.store import Image, Store
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from tests.live.bench.images import busybox
from tests.live.needs import need
from tests.live.registry import LiveRegistry

pytestmark = pytest.mark.live


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """An image that a container engine can run."""
    need("busybox")
    return busybox(Store(tmp_path / "store"), ["/bin/busybox", "echo", "it runs"], "live")


def test_skopeo_reads_what_was_pushed(registry: LiveRegistry, image: Image, tmp_path: Path) -> None:
    with RegistryClient(registry.host, registry.login) as client:
        result = push_image(image, registry.address, ["v1"], client)
        again = push_image(image, registry.address, ["v1"], client)
    assert result.digest == image.manifest.digest
    assert (again.bytes_sent, again.uploaded) == (0, 0)

    raw = registry.skopeo(tmp_path, "inspect", "--raw", f"docker://{registry.address}:v1")
    assert raw == image.store.read(image.manifest.digest)
    copy = tmp_path / "copy"
    registry.skopeo(tmp_path, "copy", f"docker://{registry.address}@{result.digest}", f"oci:{copy}:v1")
    for blob in (copy / "blobs" / "sha256").iterdir():
        assert blob.read_bytes() == image.store.read(f"sha256:{blob.name}")


def test_docker_pulls_and_runs_it(
    docker_engine: str, registry: LiveRegistry, image: Image, tmp_path: Path
) -> None:
    with RegistryClient(registry.host, registry.login) as client:
        result = push_image(image, registry.address, ["v1"], client)
    registry.authfile(tmp_path)
    pinned = f"{registry.address}@{result.digest}"
    environment = {**os.environ, "DOCKER_HOST": docker_engine, "DOCKER_CONFIG": str(tmp_path)}

    def docker(*words: str) -> str:
        done = subprocess.run(
            [need("docker"), *words], env=environment, capture_output=True, text=True, timeout=90
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    docker("pull", "--quiet", pinned)
    assert docker("run", "--rm", "--network=none", pinned) == "it runs\n"
    docker("image", "rm", "--force", pinned)


@pytest.mark.parametrize("registry", ["htpasswd", "token"], indirect=True)
def test_a_wrong_password_is_refused_and_not_shown(registry: LiveRegistry, image: Image) -> None:
    wrong = Secret("certainly-not-the-password")
    with (
        RegistryClient(registry.host, lambda: Login(registry.host, "bench", wrong)) as client,
        pytest.raises(CredentialsError) as caught,
    ):
        push_image(image, registry.address, ["v1"], client)
    assert registry.host in str(caught.value)
    assert wrong.reveal() not in str(caught.value)
