"""Bases come from real registries on loopback, every byte checked."""

from __future__ import annotations

import io
import json
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.app.model import Build
from clouddeploy.contract import Login, Secret
from clouddeploy.emulator.registry import OciRegistry, anonymous, basic
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, ConfigError, CredentialsError, NotFoundError, TemporaryError
from clouddeploy.images.assemble import import_archive
from clouddeploy.images.build import BuiltImage, build_image
from clouddeploy.images.manifest import config_of, parse_image
from clouddeploy.images.pull import pull_image
from clouddeploy.images.store import Image, Store
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_INDEX, Descriptor
from clouddeploy.push import push_image
from tests.images.archives import config, descriptor, docker_archive, layer, link, pack


@pytest.fixture
def elsewhere(tmp_path: Path) -> Store:
    """Where the images come from that are in the registry."""
    return Store(tmp_path / "elsewhere")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Server]:
    server = Server(OciRegistry(tmp_path / "registry", authorize=anonymous))
    yield server
    server.close()


def put(registry: Server, store: Store, tag: str, layers: list[bytes], **more: Any) -> Image:
    """Push an image to base:tag."""
    raw = docker_archive(layers, config(layers, **more))
    image = Image(store, import_archive(io.BytesIO(raw), store, "it"))
    with RegistryClient(registry.host) as client:
        push_image(image, f"{registry.host}/base", [tag], client)
    return image


def test_an_image_by_tag_and_by_digest(registry: Server, store: Store, elsewhere: Store) -> None:
    image = put(registry, elsewhere, "1", [layer({"a": b"a"}), layer({"b": b"b"})])

    pulled = pull_image(f"{registry.host}/base:1", store)
    assert pulled.manifest == image.manifest
    for blob in parse_image(store, pulled.manifest).layers:
        assert store.read(blob.digest) == elsewhere.read(blob.digest)
    again = pull_image(f"{registry.host}/base@{image.manifest.digest}", store)
    assert again.manifest == image.manifest


def test_the_platform_chooses_from_an_index(registry: Server, store: Store, elsewhere: Store) -> None:
    entries = []
    for machine in ("amd64", "arm64"):
        image = put(registry, elsewhere, machine, [layer({machine: b""})], architecture=machine)
        platform = {"os": "linux", "architecture": machine}
        entries.append({**image.manifest.to_json(), "platform": platform})
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    with RegistryClient(registry.host) as client:
        client.put_manifest("base", "both", body, OCI_INDEX)

    pulled = pull_image(f"{registry.host}/base:both", store, platform="linux/arm64/v8")
    assert pulled.manifest.digest == entries[1]["digest"]
    with pytest.raises(NotFoundError) as caught:
        pull_image(f"{registry.host}/base:both", store, platform="linux/s390x")
    assert caught.value.message == (
        f"{registry.host}/base:both has no image for linux/s390x, only for linux/amd64, linux/arm64"
    )
    assert caught.value.fix == "choose another base image, or build for a platform that it has"


def test_one_image_for_another_platform(registry: Server, store: Store, elsewhere: Store) -> None:
    put(registry, elsewhere, "arm", [], architecture="arm64")
    with pytest.raises(NotFoundError, match="base:arm is for linux/arm64, but linux/amd64 was asked for"):
        pull_image(f"{registry.host}/base:arm", store)


def test_a_missing_image(registry: Server, store: Store) -> None:
    with pytest.raises(NotFoundError) as caught:
        pull_image(f"{registry.host}/nothing:1", store)
    assert caught.value.message == f"there is no image {registry.host}/nothing:1"
    assert caught.value.fix == "check the name and the tag; a private image needs a login"


def test_a_registry_that_cannot_be_reached(store: Store) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(TemporaryError, match=host):
        pull_image(f"{host}/base:1", store)


def test_a_private_image(tmp_path: Path, store: Store) -> None:
    server = Server(OciRegistry(tmp_path / "private", authorize=basic({"ci": "secret"})))
    try:
        with pytest.raises(CredentialsError):
            pull_image(f"{server.host}/base:1", store)
        login = Login(server.host, "ci", Secret("secret"))
        with pytest.raises(NotFoundError):
            pull_image(f"{server.host}/base:1", store, login=lambda: login)
    finally:
        server.close()


def test_a_layer_that_was_changed_in_the_registry(
    registry: Server, store: Store, elsewhere: Store, tmp_path: Path
) -> None:
    image = put(registry, elsewhere, "1", [layer({"a": b"a" * 5000})])
    blob = parse_image(elsewhere, image.manifest).layers[0]
    name = blob.digest.partition(":")[2]
    (stored,) = [path for path in (tmp_path / "registry").rglob("*") if path.is_file() and name in str(path)]
    stored.write_bytes(bytes(blob.size))

    with pytest.raises(CloudDeployError):
        pull_image(f"{registry.host}/base:1", store)
    assert not store.has(blob.digest)


# Bases in Dockerfiles.


def build(store: Store, folder: Path, dockerfile: str) -> BuiltImage:
    context = folder / "context"
    context.mkdir(exist_ok=True)
    (context / "tool").write_text("tool")
    (context / "Dockerfile").write_text(dockerfile)
    return build_image(Build(context, context / "Dockerfile"), "shop/web", store=store, engine="built-in")


def names(built: BuiltImage, number: int) -> list[str]:
    blob = parse_image(built.image.store, built.image.manifest).layers[number]
    with built.image.open(blob.digest) as content, tarfile.open(fileobj=content) as tar:
        return tar.getnames()


def folder(name: str, mode: int = 0o755) -> tuple[str, tarfile.TarInfo]:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    return name, info


DEBIAN = pack(
    [folder("usr"), folder("usr/bin"), link("bin", "usr/bin"), folder("tmp", 0o1777), ("usr/bin/sh", b"sh")]
)


def test_building_on_a_base(registry: Server, store: Store, elsewhere: Store, tmp_path: Path) -> None:
    settings = {"Env": ["PATH=/bin", "A=base"], "Cmd": ["sh"], "Image": "sha256:1", "User": "7"}
    base = put(registry, elsewhere, "1", [DEBIAN], config=settings, history=[{"created_by": "base"}])
    built = build(
        store,
        tmp_path,
        f"FROM {registry.host}/base:1\nARG A=arg\nENV B=$A\nCOPY tool /bin/\nCOPY tool /tmp/\n",
    )

    layers = parse_image(store, built.image.manifest).layers
    assert layers[0] == parse_image(elsewhere, base.manifest).layers[0]
    assert names(built, 1) == ["usr/bin/tool"], "through the base's link, and no folder that is there already"
    assert names(built, 2) == ["tmp/tool"]
    found = json.loads(config_of(store, built.image.manifest))
    assert found["config"] == {"Env": ["PATH=/bin", "A=base", "B=base"], "Cmd": ["sh"], "User": "7"}
    assert len(found["rootfs"]["diff_ids"]) == 3
    assert [each["created_by"] for each in found["history"]][:2] == ["base", "ARG A=arg"]


def test_copying_from_an_image(registry: Server, store: Store, elsewhere: Store, tmp_path: Path) -> None:
    """Later layers win, and what they removed is gone."""
    second = pack(
        [("usr/bin/.wh.gone", b""), ("usr/bin/sh", b"better"), ("etc/.wh..wh..opq", b""), ("etc/new", b"")]
    )
    first = pack([("usr/bin/gone", b"x"), ("usr/bin/sh", b"sh"), ("etc/old", b"x"), ("etc/deep/old", b"x")])
    put(registry, elsewhere, "1", [first, second])
    built = build(store, tmp_path, f"FROM scratch\nCOPY --from={registry.host}/base:1 / /copy\n")

    files = [name for name in names(built, 0) if name not in ("copy", "copy/usr", "copy/usr/bin", "copy/etc")]
    assert files == ["copy/etc/new", "copy/usr/bin/sh"]
    blob = parse_image(store, built.image.manifest).layers[0]
    with built.image.open(blob.digest) as content, tarfile.open(fileobj=content) as tar:
        file = tar.extractfile("copy/usr/bin/sh")
        assert file
        assert file.read() == b"better"


def test_a_base_with_triggers(registry: Server, store: Store, elsewhere: Store, tmp_path: Path) -> None:
    put(registry, elsewhere, "1", [], config={"OnBuild": ["COPY . /app"]})
    with pytest.raises(
        ConfigError, match="has ONBUILD instructions, which the built-in builder does not"
    ) as caught:
        build(store, tmp_path, f"FROM {registry.host}/base:1\n")
    assert caught.value.fix == "build with docker, podman or buildah"


def test_a_base_that_is_not_there(registry: Server, store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no image"):
        build(store, tmp_path, f"FROM {registry.host}/nothing:1\n")


def test_a_base_with_zstd_layers(registry: Server, store: Store, elsewhere: Store, tmp_path: Path) -> None:
    from clouddeploy.images.manifest import add_manifest

    media_type = "application/vnd.oci.image.layer.v1.tar+zstd"
    blob = elsewhere.add_bytes(b"\x28\xb5\x2f\xfd" + bytes(100), media_type)
    image = Image(elsewhere, add_manifest(elsewhere, config([b"plain"]), [blob]))
    with RegistryClient(registry.host) as client:
        push_image(image, f"{registry.host}/base", ["zstd"], client)
    with pytest.raises(
        CloudDeployError, match="is compressed with zstd, which the built-in builder"
    ) as caught:
        build(store, tmp_path, f"FROM {registry.host}/base:zstd\nCOPY tool /\n")
    assert caught.value.fix == "build with docker, podman or buildah"


def test_a_base_with_a_damaged_layer(
    registry: Server, store: Store, elsewhere: Store, tmp_path: Path
) -> None:
    from clouddeploy.images.manifest import add_manifest

    media_type = "application/vnd.oci.image.layer.v1.tar+gzip"
    blob = elsewhere.add_bytes(b"\x1f\x8b\x08 no gzip", media_type)
    assert descriptor(media_type, b"")["size"] == 0
    image = Image(elsewhere, add_manifest(elsewhere, config([b"plain"]), [blob]))
    with RegistryClient(registry.host) as client:
        push_image(image, f"{registry.host}/base", ["bad"], client)
    with pytest.raises(CloudDeployError, match=f"layer {blob.digest} is damaged"):
        build(store, tmp_path, f"FROM {registry.host}/base:bad\nCOPY tool /\n")


def test_docker_layers_get_the_media_type_of_the_manifest() -> None:
    from clouddeploy.images.builtin import _oci_layer

    docker = Descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", f"sha256:{'0' * 64}", 1)
    assert _oci_layer(docker).media_type == "application/vnd.oci.image.layer.v1.tar+gzip"
