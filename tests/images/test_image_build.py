"""A build through an engine: its output, its failures, its archive, the second time."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from clouddeploy.app.model import Build
from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError, TemporaryError
from clouddeploy.images.build import BuiltImage, build_image
from clouddeploy.images.manifest import config_of, parse_image
from clouddeploy.images.store import Store
from tests.images.archives import config, docker_archive, layer
from tests.images.fakes import Fakes

LAYER = layer({"a": b"a"})


class Heard:
    """A progress that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.bytes = 0

    def task(self, title: str, *, total: int | None = None) -> Self:
        self.said.append(title)
        return self

    def advance(self, amount: int) -> None:
        self.bytes += amount

    def say(self, detail: str) -> None:
        self.said.append(detail)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Site:
    """A context with a Dockerfile, a store, and stand-ins for engines on PATH."""

    def __init__(self, root: Path, fakes: Fakes, store: Store) -> None:
        self.fakes = fakes
        self.store = store
        self.progress = Heard()
        self.file = root / "Dockerfile"
        self.file.write_text("FROM scratch\nCOPY a /a\nRUN make\n")

    def build(self, **more: Any) -> BuiltImage:
        build = Build(self.file.parent, self.file, **more)
        return build_image(build, "shop/web", store=self.store, progress=self.progress)

    def failure(self, kind: type[CloudDeployError] = CloudDeployError) -> CloudDeployError:
        with pytest.raises(CloudDeployError) as caught:
            self.build()
        assert type(caught.value) is kind
        assert caught.value.fix
        assert self.store.find("shop/web") is None
        return caught.value


@pytest.fixture
def site(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Site:
    fakes = Fakes(tmp_path / "bin")
    fakes.archive(docker_archive([LAYER]))
    monkeypatch.setenv("PATH", str(fakes.home))
    monkeypatch.chdir(tmp_path)
    return Site(tmp_path, fakes, store)


@pytest.mark.parametrize("name", ["docker", "podman", "buildah"])
def test_the_engines_image_is_in_the_store(site: Site, name: str) -> None:
    site.fakes.put(name)
    built = site.build()

    assert (built.engine, built.cached) == (name, False)
    assert built.seconds > 0
    assert site.store.find("shop/web") == built.image.manifest
    assert config_of(site.store, built.image.manifest) == config([LAYER])
    assert site.progress.said[:3] == ["build shop/web", name, "Step 1/1 : FROM scratch"]
    assert site.progress.bytes > len(LAYER)


def test_an_unchanged_image_is_not_exported_again(site: Site) -> None:
    site.fakes.put("docker")
    first, second = site.build(), site.build()

    assert (first.cached, second.cached) == (False, True)
    assert first.image.manifest == second.image.manifest
    assert sum(words[0] == "save" for _, words, _ in site.fakes.calls()) == 1


def test_a_store_that_lost_a_layer_gets_it_again(site: Site) -> None:
    site.fakes.put("docker")
    lost = parse_image(site.store, site.build().image.manifest).layers[0].digest
    (site.store.root / "blobs" / lost.replace(":", "/")).unlink()

    assert site.build().cached is False
    assert site.store.has(lost)


def test_ids_with_and_without_algorithm(site: Site) -> None:
    site.fakes.put("podman", id="2" * 64)
    site.build()
    assert site.fakes.call("save")[0][-1] == f"sha256:{'2' * 64}"


def test_the_environment_of_the_legacy_builder(site: Site) -> None:
    site.fakes.put("docker")
    site.build()
    assert site.fakes.call("build")[1] == {"DOCKER_BUILDKIT": "0", "DOCKER_DEFAULT_PLATFORM": ""}


def test_a_failed_step_is_named_with_its_line(site: Site) -> None:
    output = "Step 2/3 : COPY a /a\n ---> 1\nStep 3/3 : RUN make\nmake: nothing\nThe command returned 2\n"
    site.fakes.put("docker", build={"out": output, "status": 1})
    lines = site.failure().message.splitlines()
    assert lines[0] == "Dockerfile:3: docker could not build shop/web: The command returned 2"
    assert lines[1:] == [f"  | {line}" for line in output.splitlines()]


def test_podmans_steps_are_understood(site: Site) -> None:
    site.fakes.put("podman", build={"out": "[1/2] STEP 3/3: RUN make\nError: exit 2\n", "status": 2})
    assert site.failure().message.startswith("Dockerfile:3: podman could not build shop/web: Error: exit 2")


def test_buildkit_says_the_line_itself(site: Site) -> None:
    output = (
        "#7 ERROR: exit code: 2\nDockerfile:3\n--------------------\n>>> RUN make\nERROR: failed to solve\n"
    )
    site.fakes.put("docker", buildx=True, build={"out": output, "status": 1})
    assert site.failure().message.startswith(
        "Dockerfile:3: docker buildkit could not build shop/web: ERROR: f"
    )


def test_a_step_that_stands_there_twice_has_no_line(site: Site) -> None:
    site.file.write_text("FROM scratch\nRUN make\nRUN make\n")
    site.fakes.put("docker", build={"out": "Step 2/3 : RUN make\nno\n", "status": 1})
    assert site.failure().message.startswith("Dockerfile: docker could not build shop/web: no")


def test_only_the_last_lines_are_kept(site: Site) -> None:
    output = "".join(f"line {number}\r" for number in range(1000)) + "\x1b[31mred\x07\n"
    site.fakes.put("docker", build={"out": output, "status": 1})
    lines = site.failure().message.splitlines()
    assert len(lines) == 21
    assert lines[1] == "  | line 981"
    assert lines[-1] == "  |  [31mred"


def test_a_build_that_says_nothing(site: Site) -> None:
    site.fakes.put("docker", build={"status": 3})
    assert site.failure().message == "Dockerfile: docker could not build shop/web: exit status 3"


@pytest.mark.parametrize("text", ["", "none", "sha256:xyz", "../../etc"])
def test_an_engine_without_an_image_id(site: Site, text: str) -> None:
    site.fakes.put("docker", id=text)
    assert site.failure().message == "docker built shop/web but did not say the image's ID"


def test_a_save_that_fails(site: Site) -> None:
    site.fakes.put("docker", save={"err": "Error: disk quota exceeded\n", "status": 1})
    error = site.failure(TemporaryError)
    assert error.message.endswith(f"could not save the image sha256:{'1' * 64}: Error: disk quota exceeded")
    assert error.exit_code == 75


def test_a_save_that_fails_in_the_middle(site: Site) -> None:
    cut = docker_archive([LAYER])[:700].decode()
    site.fakes.put("docker", save={"out": cut, "err": "connection lost", "status": 1})
    assert "could not save the image" in site.failure(TemporaryError).message


def test_an_archive_that_is_damaged(site: Site) -> None:
    site.fakes.put("docker")
    site.fakes.archive(docker_archive([LAYER], config([layer({"b": b"b"})])))
    assert site.failure().message.startswith("the archive that docker wrote: member ")


def test_an_archive_that_is_refused_early_ends_the_engine(site: Site) -> None:
    """The engine still has megabytes to write; it is ended, and the first error counts."""
    site.fakes.put("docker")
    site.fakes.archive(b"garbage " * 500_000)
    assert "is not a tar header" in site.failure().message


def test_the_wrong_platform_is_never_shipped(site: Site) -> None:
    site.fakes.put("docker")
    site.fakes.archive(docker_archive([LAYER], config([LAYER], architecture="arm64")))
    error = site.failure(NotFoundError)
    assert error.message == "shop/web is for linux/arm64, but linux/amd64 was asked for"
    assert error.fix == "use base images that exist for linux/amd64, and an engine that can build them"


def test_a_dockerfile_that_is_not_there(site: Site) -> None:
    site.file.unlink()
    assert site.failure(ConfigError).message == "Dockerfile does not exist"


def test_nothing_is_left_in_the_temporary_folder(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    site.fakes.put("docker")
    site.build()
    assert list(folder.iterdir()) == []


def test_the_store_knows_a_manifest_by_the_image_id(site: Site) -> None:
    site.fakes.put("docker")
    built = site.build()
    note = json.loads((site.store.root / "derived" / "images-gzip" / ("1" * 64)).read_text())
    assert note["digest"] == built.image.manifest.digest
