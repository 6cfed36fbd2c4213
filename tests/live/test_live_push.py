"""Pushes to the registry that Debian packages (distribution), read back by somebody else's client."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clouddeploy.contract import Login, Secret
from clouddeploy.emulator.certificates import Authority, KeyPair
from clouddeploy.emulator.registry import OciRegistry, basic
from clouddeploy.emulator.server import Server, free_port
from clouddeploy.errors import CredentialsError
from clouddeploy.images.sources import open_source
from clouddeploy.images.store import Store
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_LAYER_ZSTD
from clouddeploy.push import Destination, How, push, push_image
from tests.images.archives import docker_archive, layer
from tests.live import found
from tests.live.needs import need
from tests.oci.images import DirectorySource, make_image, make_index

pytestmark = pytest.mark.live

PASSWORD = "correct-horse-battery"
HTPASSWD = "ci:$2y$05$abcdefghijklmnopqrstuuSnF5tLPqPFqc0z9CY0HcSLFbSRlL67u\n"


@contextmanager
def docker_registry(directory: Path, *, password: bool = False, tls: KeyPair | None = None) -> Iterator[str]:
    """A running docker-registry with its storage in `directory`; gives its host:port."""
    program, host = need("docker-registry", "registry"), f"127.0.0.1:{free_port()}"
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "config.yml"
    config.write_text(json.dumps(_config(directory, host, password=password, tls=tls)))
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "OTEL_TRACES_EXPORTER": "none"}
    with (
        (directory / "log").open("w") as log,
        subprocess.Popen([program, "serve", config], stdout=log, stderr=log, env=environment) as process,
    ):
        try:
            _wait(host, process)
            found.ran("registry", f"{program}, read back by skopeo")
            yield host
        finally:
            process.terminate()


def _config(directory: Path, host: str, *, password: bool, tls: KeyPair | None) -> dict[str, object]:
    http: dict[str, object] = {"addr": host, "secret": "loopback"}
    if tls:
        http["tls"] = {"certificate": str(tls.certificate), "key": str(tls.key)}
    config: dict[str, object] = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}, "delete": {"enabled": True}},
        "http": http,
    }
    if password:
        (directory / "htpasswd").write_text(HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "live", "path": str(directory / "htpasswd")}}
    return config


def _wait(host: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://{host}/", timeout=1).close()
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"docker-registry did not start on {host}")


def skopeo(*arguments: str | Path) -> str:
    """What skopeo prints."""
    done = subprocess.run(
        [need("skopeo", "registry"), *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_back(host: str, digest: str, source: DirectorySource, directory: Path, *flags: str) -> None:
    """Copies the image with skopeo and compares every blob, byte for byte."""
    reference = f"docker://{host}/shop/web:v1"
    raw = skopeo("inspect", *(flag.replace("src-", "") for flag in flags), "--raw", reference)
    assert raw.encode() == source.path(digest).read_bytes()
    skopeo("copy", "--all", "--preserve-digests", *flags, reference, f"oci:{directory}:v1")
    blobs = {path.name: path.read_bytes() for path in (directory / "blobs/sha256").iterdir()}
    assert blobs == {
        path.name.removeprefix("sha256-"): path.read_bytes() for path in source.directory.iterdir()
    }


@pytest.mark.parametrize("password", [False, True], ids=["open", "htpasswd"])
def test_an_image_of_twelve_layers(password: bool, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image", layers=12, size=200_000)
    with docker_registry(tmp_path / "registry", password=password) as host:
        login = Login(host, "ci", Secret(PASSWORD)) if password else None
        with RegistryClient(host, lambda: login) as client:
            result = push_image(source, f"{host}/shop/web", ["v1", "latest"], client)
            assert (result.uploaded, result.skipped) == (13, 0)
            again = push_image(source, f"{host}/shop/web", ["v1"], client)
            assert (again.unchanged, again.requests) == (True, 1)
            assert client.tags("shop/web") == ["latest", "v1"]
        flags = ["--src-tls-verify=false", *([f"--src-creds=ci:{PASSWORD}"] if password else [])]
        read_back(host, result.digest, source, tmp_path / "copy", *flags)


def test_an_index(tmp_path: Path) -> None:
    source = make_index(tmp_path / "image")
    with docker_registry(tmp_path / "registry") as host, RegistryClient(host) as client:
        result = push_image(source, f"{host}/shop/web", ["v1"], client)
        read_back(host, result.digest, source, tmp_path / "copy", "--src-tls-verify=false")


def test_layers_compressed_with_zstd(tmp_path: Path) -> None:
    """skopeo unpacks them; Docker Engine can from version 23 on (containerd 1.5)."""
    plain = layer({"hello": b"hello" * 50_000})
    (tmp_path / "web.tar").write_bytes(docker_archive([plain]))
    with (
        docker_registry(tmp_path / "registry") as host,
        RegistryClient(host) as client,
        open_source(f"docker-archive:{tmp_path / 'web.tar'}", Store(tmp_path / "store")) as image,
    ):
        [done] = push(image, [Destination(client, f"{host}/shop/web", ["v1"])], How(compression="zstd"))
        assert done.error is None
        raw = json.loads(skopeo("inspect", "--tls-verify=false", "--raw", f"docker://{host}/shop/web:v1"))
        assert [one["mediaType"] for one in raw["layers"]] == [OCI_LAYER_ZSTD]
        assert raw["layers"][0]["size"] < len(plain) / 10
        back = tmp_path / "back"
        flags = ("--src-tls-verify=false", "--dest-decompress")
        skopeo("copy", *flags, f"docker://{host}/shop/web:v1", f"dir:{back}")
    [unpacked] = (path for path in back.iterdir() if path.name == hashlib.sha256(plain).hexdigest())
    assert unpacked.read_bytes() == plain


def test_a_wrong_password(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry", password=True) as host:
        client = RegistryClient(host, lambda: Login(host, "ci", Secret("not-the-password")))
        with client, pytest.raises(CredentialsError, match=f"{host} does not allow us to read shop/web:v1"):
            push_image(make_image(tmp_path / "image"), f"{host}/shop/web", ["v1"], client)


def test_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path / "ca", "live")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pair.certificate))
    source = make_image(tmp_path / "image")
    with docker_registry(tmp_path / "registry", tls=authority.server("registry")) as host:
        with RegistryClient(host) as client:
            result = push_image(source, f"{host}/shop/web", ["v1"], client)
        read_back(host, result.digest, source, tmp_path / "copy", "--src-tls-verify=false")


def test_the_emulated_registry_serves_skopeo(tmp_path: Path) -> None:
    """The other way round: somebody else's client pushes to our registry and pulls from it."""
    source = make_image(tmp_path / "image", layers=3, size=200_000)
    judge = basic({"ci": PASSWORD})
    with Server(OciRegistry(tmp_path / "registry", authorize=judge)) as server:
        with RegistryClient(server.host, lambda: Login(server.host, "ci", Secret(PASSWORD))) as client:
            result = push_image(source, f"{server.host}/shop/web", ["v1"], client)
        flags = ["--src-tls-verify=false", f"--src-creds=ci:{PASSWORD}"]
        read_back(server.host, result.digest, source, tmp_path / "copy", *flags)
        to = ["--dest-tls-verify=false", f"--dest-creds=ci:{PASSWORD}"]
        there = f"docker://{server.host}/shop/again:v1"
        skopeo("copy", "--preserve-digests", *to, f"oci:{tmp_path / 'copy'}:v1", there)
        with RegistryClient(server.host, lambda: Login(server.host, "ci", Secret(PASSWORD))) as client:
            assert client.get_manifest("shop/again", "v1")[0] == source.manifest
