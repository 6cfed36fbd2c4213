"""Where an image can come from, how that is written, and what is said when it is not there."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    MissingToolError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy.images import sources
from clouddeploy.images.layout import LayoutImage
from clouddeploy.images.remote import RemoteImage
from clouddeploy.images.shelf import StoreShelf
from clouddeploy.images.sources import open_source, registry_name
from clouddeploy.images.store import Store
from clouddeploy.images.streamed import Archive
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from tests.images.archives import docker_archive, layer, oci_members, pack
from tests.images.fakes import Fakes
from tests.images.layouts import named, pack_layout, write_layout
from tests.oci.images import DirectorySource, make_image

LAYER = layer({"hello": b"hello"})


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(fakes.home))
    return fakes


@pytest.fixture
def image(tmp_path: Path) -> DirectorySource:
    return make_image(tmp_path / "image")


@pytest.fixture
def layout(tmp_path: Path, image: DirectorySource) -> Path:
    return write_layout(tmp_path / "layout", image, [image.manifest])


@contextmanager
def refused(
    error: type[CloudDeployError], text: str, store: Store, message: str
) -> Iterator[CloudDeployError]:
    """Opening `text` raises `error` with a message that has these words, and a fix."""
    with pytest.raises(error, match=message) as caught, open_source(text, store):
        pass
    assert caught.value.fix
    yield caught.value


class TestEngines:
    @pytest.mark.parametrize(("word", "program"), [("docker-daemon", "docker"), ("podman", "podman")])
    def test_an_image_is_saved_by_its_id(self, word: str, program: str, fakes: Fakes, store: Store) -> None:
        fakes.put(program)
        fakes.archive(docker_archive([LAYER]))
        with open_source(f"{word}:shop/web:v1", store) as image:
            assert isinstance(image, Archive)
            assert image.key == f"sha256:{'1' * 64}"
            image.read(StoreShelf(store))
        assert fakes.call("image")[0][-2:] == ["--", "shop/web:v1"]
        assert fakes.call("save")[0][-1] == f"sha256:{'1' * 64}"

    def test_podman_tells_ids_without_the_algorithm(self, fakes: Fakes, store: Store) -> None:
        fakes.put("podman", inspect={"out": "2" * 64 + "\n"})
        with open_source("podman:web", store) as image:
            assert isinstance(image, Archive)
            assert image.key == f"sha256:{'2' * 64}"

    def test_an_image_that_is_not_there(self, fakes: Fakes, store: Store) -> None:
        fakes.put("docker", inspect={"status": 1, "err": "Error: No such image: web\n"})
        with refused(NotFoundError, "docker-daemon:web", store, "docker has no image web: Error: No such"):
            pass

    def test_an_answer_that_is_no_id(self, fakes: Fakes, store: Store) -> None:
        fakes.put("docker", inspect={"out": "<no value>\n"})
        with refused(CloudDeployError, "docker-daemon:web", store, "did not tell the ID of web"):
            pass

    def test_an_engine_that_hangs(self, fakes: Fakes, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sources, "_INSPECT_SECONDS", 0.2)
        fakes.put("podman", inspect={"sleep": 30})
        with refused(TemporaryError, "podman:web", store, "podman did not tell about web within 0 seconds"):
            pass

    def test_an_engine_that_is_not_installed(self, fakes: Fakes, store: Store) -> None:
        assert not list(fakes.home.iterdir())
        with refused(MissingToolError, "podman:web", store, "podman is not installed"):
            pass


class TestLayouts:
    def test_a_folder_by_its_word_or_bare(self, layout: Path, image: DirectorySource, store: Store) -> None:
        for text in (f"oci:{layout}", str(layout)):
            with open_source(text, store) as found:
                assert isinstance(found, LayoutImage)
                assert found.manifest == image.manifest

    def test_a_tar_is_read_where_it_lies(self, layout: Path, image: DirectorySource, store: Store) -> None:
        file = pack_layout(layout, layout.parent / "layout.tar")
        for text in (f"oci-archive:{file}", str(file)):
            with open_source(text, store) as found:
                for path in image.directory.iterdir():
                    with found.open(path.name.replace("-", ":")) as blob:  # type: ignore[union-attr, operator]
                        assert blob.read() == path.read_bytes()

    def test_a_name_may_have_colons_and_so_may_a_path(self, tmp_path: Path, store: Store) -> None:
        one = make_image(tmp_path / "one", seed=1)
        names = [named(one.manifest, "shop/web:v1"), named(make_image(one.directory, seed=2).manifest, "v2")]
        layout = write_layout(tmp_path / "a:b", one, names)
        with open_source(f"oci:{layout}:shop/web:v1", store) as found:
            assert isinstance(found, LayoutImage)
            assert found.manifest.digest == names[0].digest
        with open_source(f"oci:{layout}:{names[1].digest}", store) as found:
            assert isinstance(found, LayoutImage)
            assert found.manifest.digest == names[1].digest
        with refused(
            NotFoundError, f"oci:{layout}", store, "not exactly one image, but shop/web:v1, v2"
        ) as error:
            assert error.fix == f"name one: oci:{layout}:NAME"

    @pytest.mark.parametrize("word", ["oci", "oci-archive", "docker-archive"])
    def test_a_path_that_is_not_there(self, word: str, store: Store) -> None:
        with refused(
            ConfigError, f"{word}:build/nothing:v1", store, "there is no file or folder 'build/noth"
        ):
            pass
        with refused(ConfigError, f"{word}:", store, "there is no file or folder"):
            pass

    def test_a_folder_that_is_no_layout(self, tmp_path: Path, store: Store) -> None:
        with refused(CloudDeployError, str(tmp_path), store, "is no OCI image layout") as error:
            assert "docker://" in (error.fix or "")

    @pytest.mark.parametrize("word", ["oci-archive", "docker-archive"])
    def test_a_folder_where_a_file_is_meant(self, word: str, layout: Path, store: Store) -> None:
        with refused(ConfigError, f"{word}:{layout}", store, "is no file"):
            pass


class TestArchives:
    @pytest.mark.parametrize("word", ["docker-archive:", ""])
    def test_what_docker_save_wrote(self, word: str, tmp_path: Path, store: Store) -> None:
        (tmp_path / "web.tar").write_bytes(docker_archive([LAYER]))
        with open_source(f"{word}{tmp_path / 'web.tar'}", store) as image:
            assert isinstance(image, Archive)
            assert image.read(StoreShelf(store)).manifest.size

    def test_plain_layers_of_a_layout_are_compressed_on_their_way(self, tmp_path: Path, store: Store) -> None:
        (tmp_path / "plain.tar").write_bytes(pack(oci_members([LAYER], pressed=False)))
        (tmp_path / "pressed.tar").write_bytes(pack(oci_members([LAYER])))
        with open_source(str(tmp_path / "plain.tar"), store) as image:
            assert isinstance(image, Archive)
        with open_source(str(tmp_path / "pressed.tar"), store) as image:
            assert isinstance(image, LayoutImage)
        with open_source(f"oci-archive:{tmp_path / 'plain.tar'}", store) as image:
            assert isinstance(image, LayoutImage)

    def test_another_file_at_the_same_path_is_another_image(self, tmp_path: Path, store: Store) -> None:
        file, keys = tmp_path / "web.tar", set()
        for content in (b"one", b"longer"):
            file.write_bytes(docker_archive([layer({"a": content * 600})]))
            with open_source(f"docker-archive:{file}", store) as image:
                assert isinstance(image, Archive)
                keys.add(image.key)
        assert len(keys) == 2

    def test_a_compressed_one(self, tmp_path: Path, store: Store) -> None:
        (tmp_path / "web.tgz").write_bytes(gzip.compress(docker_archive([LAYER])))
        for word in ("docker-archive:", "oci-archive:", ""):
            with refused(ConfigError, f"{word}{tmp_path / 'web.tgz'}", store, "is compressed") as error:
                assert (error.fix or "").startswith("gunzip ")

    def test_one_that_is_no_archive(self, tmp_path: Path, store: Store) -> None:
        (tmp_path / "web.tar").write_text("hello " * 200)
        with refused(CloudDeployError, str(tmp_path / "web.tar"), store, "not a tar header"):
            pass

    def test_a_pipe_cannot_be_read_twice(self, tmp_path: Path, store: Store) -> None:
        os.mkfifo(tmp_path / "pipe")
        with refused(ConfigError, f"docker-archive:{tmp_path / 'pipe'}", store, "is no file"):
            pass

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_one_that_may_not_be_read(self, tmp_path: Path, store: Store) -> None:
        (tmp_path / "web.tar").touch(mode=0)
        with refused(
            PreconditionError, str(tmp_path / "web.tar"), store, "cannot be read: Permission denied"
        ):
            pass


class TestRegistries:
    @pytest.mark.parametrize("word", ["", "docker://"])
    def test_a_reference(self, word: str, image: DirectorySource, tmp_path: Path, store: Store) -> None:
        with Server(OciRegistry(tmp_path / "registry", authorize=anonymous)) as server:
            with RegistryClient(server.host) as client:
                push_image(image, f"{server.host}/shop/web", ["v1"], client)
            for end in (":v1", f"@{image.manifest.digest}"):
                with open_source(f"{word}{server.host}/shop/web{end}", store) as found:
                    assert isinstance(found, RemoteImage)
                    assert found.manifest == image.manifest
            with refused(
                NotFoundError, f"{word}{server.host}/shop/web", store, "no image .*/shop/web:latest"
            ):
                pass

    @pytest.mark.parametrize(
        "text", ["", "oci://x", "shop/Web:v1", "x" * 5000, "a\0b", "docker-daemon://web"]
    )
    def test_what_names_no_image(self, text: str, store: Store) -> None:
        with refused(ConfigError, text, store, "is not an image reference"):
            pass

    def test_a_word_without_a_colon_is_a_name(self) -> None:
        assert str(registry_name("podman")) == "docker.io/podman:latest"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nginx:1.29", "docker.io/nginx:1.29"),
        ("docker://ghcr.io/acme/web:v1", "ghcr.io/acme/web:v1"),
        ("docker-daemon:shop/web:v1", "docker.io/shop/web:v1"),
        ("docker-daemon:sha256:" + "1" * 64, "None"),
        ("podman:0123456789ab", "None"),
        ("oci:build/web:v1", "None"),
        (".", "None"),
    ],
)
def test_the_name_that_targets_give_it(text: str, name: str) -> None:
    assert str(registry_name(text)) == name
