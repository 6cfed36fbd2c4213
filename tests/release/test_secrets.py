"""An image with a secret in it stays here, wherever it comes from."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.images.assemble import import_archive
from clouddeploy.images.leaks import SecretsError
from clouddeploy.images.store import Image, Store
from clouddeploy.images.streamed import Archive
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import Destination, How, push
from clouddeploy.release.secrets import looked_through
from tests.images.archives import config, docker_archive, layer

TOKEN = "ghp_" + hashlib.sha256(b"nobody's").hexdigest()[:36]
CLEAN = layer({"app/main.py": b"print('hello')\n"})
LEAKY = layer({"app/.env": f"GITHUB_TOKEN={TOKEN}\n".encode()})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLOUDDEPLOY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def archive(raw: bytes) -> Archive:
    @contextmanager
    def opened() -> Iterator[BinaryIO]:
        yield io.BytesIO(raw)

    key = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    return Archive(key, "shop/web", "the archive", Store.default(), opened)


def stored(raw: bytes) -> Image:
    store = Store.default()
    return Image(store, import_archive(io.BytesIO(raw), store, "it"))


def with_env(*env: str) -> bytes:
    facts = json.loads(config([CLEAN]))
    return json.dumps({**facts, "config": {"Env": list(env)}}).encode()


def test_an_image_that_is_here_is_looked_through_before_anything_is_asked() -> None:
    with pytest.raises(SecretsError, match=r"app/\.env:1") as caught:
        looked_through("shop/web", stored(docker_archive([CLEAN, LEAKY])), How())
    assert caught.value.exit_code == 2
    assert TOKEN not in str(caught.value)
    assert "--allow-secrets" in (caught.value.fix or "")


def test_one_that_comes_as_a_stream_on_its_way(tmp_path: Path) -> None:
    registry = OciRegistry(tmp_path / "registry", authorize=anonymous)
    image = archive(docker_archive([CLEAN, LEAKY]))
    with Server(registry) as server, RegistryClient(server.host) as client:
        destination = Destination(client, f"{server.host}/shop/web", ["v1"])
        with pytest.raises(SecretsError, match=r"app/\.env:1"):
            push(image, [destination], looked_through("shop/web", image, How()))
        assert registry.manifests("shop/web") == []
        (done,) = push(image, [destination], How())
        assert done.result, "--allow-secrets pushes it as it is"


@pytest.mark.parametrize("form", ["stored", "stream"])
def test_the_environment_of_the_config_counts(form: str, tmp_path: Path) -> None:
    raw = docker_archive([CLEAN], with_env(f"GITHUB_TOKEN={TOKEN}"))
    image = stored(raw) if form == "stored" else archive(raw)
    registry = OciRegistry(tmp_path / "registry", authorize=anonymous)
    with Server(registry) as server, RegistryClient(server.host) as client:
        with pytest.raises(SecretsError, match="ENV GITHUB_TOKEN"):
            push(
                image,
                [Destination(client, f"{server.host}/shop/web", ["v1"])],
                looked_through("shop/web", image, How()),
            )
        assert registry.manifests("shop/web") == []


def test_a_clean_image_is_looked_through_once() -> None:
    image = stored(docker_archive([CLEAN]))
    looked_through("shop/web", image, How())
    (noted,) = (Store.default().root / "derived" / "clean-1").iterdir()
    before = noted.stat().st_mtime_ns
    looked_through("shop/web", image, How())
    assert noted.stat().st_mtime_ns == before
