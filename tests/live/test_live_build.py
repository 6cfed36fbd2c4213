"""Images of a real Docker Engine: built, brought into the store, pushed, pulled again, run."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.app.model import Build
from clouddeploy.errors import CloudDeployError
from clouddeploy.images.build import BuiltImage, build_image
from clouddeploy.images.manifest import config_of, parse_image
from clouddeploy.images.store import Store
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from tests.live.needs import need

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

LAYERS = 12


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A build context with a static busybox."""
    folder = tmp_path / "context"
    folder.mkdir()
    shutil.copy(need("busybox"), folder / "busybox")
    return folder


@pytest.fixture
def dockerfile(context: Path) -> Path:
    """`FROM scratch` with a dozen layers made by COPY and RUN, one of them twice the same."""
    run = 'RUN ["/bin/busybox", "sh", "-c", "{}"]'
    steps = [run.format(f"/bin/busybox echo {number} > /made-{number}") for number in range(LAYERS - 4)]
    lines = [
        "FROM scratch",
        "COPY busybox /bin/busybox",
        "COPY busybox /bin/second",
        run.format("/bin/busybox rm /bin/second"),
        "COPY busybox /bin/second",
        *steps,
        'CMD ["/bin/busybox", "cat", "/made-0", "/made-7"]',
    ]
    path = context / "Dockerfile"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def own_registry(tmp_path: Path) -> Iterator[str]:
    """Debian's docker-registry on a free port; its host:port."""
    program = need("docker-registry")
    settings = tmp_path / "registry.yml"
    storage = {"filesystem": {"rootdirectory": str(tmp_path / "registry")}}
    settings.write_text(json.dumps({"version": 0.1, "storage": storage, "http": {"addr": "127.0.0.1:0"}}))
    log = tmp_path / "registry.log"
    with log.open("wb") as output:
        process = subprocess.Popen([program, "serve", str(settings)], stdout=output, stderr=output)
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        process.wait(20)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where the registry says that it listens."""
    for _ in range(200):
        words = log.read_text().replace('"', " ").split()
        found = [word for word in words if word.startswith("127.0.0.1:") and word != "127.0.0.1:0"]
        if found and _is_up(found[0]):
            return found[0]
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def _is_up(host: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{host}/v2/", timeout=5):
            return True
    except urllib.error.URLError:
        return False


def docker(*words: str) -> str:
    return subprocess.run([need("docker"), *words], capture_output=True, text=True, check=True).stdout


def inspect(image_id: str) -> dict[str, Any]:
    return dict(json.loads(docker("image", "inspect", image_id))[0])


def image_id(built: BuiltImage) -> str:
    """A config's digest, which is what Docker calls the image."""
    return f"sha256:{hashlib.sha256(config_of(built.image.store, built.image.manifest)).hexdigest()}"


def test_an_image_of_the_engine(docker_engine: str, dockerfile: Path, store: Store) -> None:
    """Through the CLI's API negotiation: the client may be years newer than the engine."""
    build = Build(dockerfile.parent, dockerfile)
    built = build_image(build, "shop/web", store=store, engine="docker")

    diff_ids = json.loads(config_of(store, built.image.manifest))["rootfs"]["diff_ids"]
    assert diff_ids == inspect(image_id(built))["RootFS"]["Layers"]
    assert len(diff_ids) >= 10
    for diff_id, layer in zip(diff_ids, parse_image(store, built.image.manifest).layers, strict=True):
        plain = gzip.decompress(store.read(layer.digest))
        assert f"sha256:{hashlib.sha256(plain).hexdigest()}" == diff_id

    again = build_image(build, "shop/web", store=store, engine="docker")
    assert again.cached
    assert again.image.manifest == built.image.manifest


def test_the_same_image_gives_the_same_digest_in_another_store(
    docker_engine: str, dockerfile: Path, store: Store, tmp_path: Path
) -> None:
    build = Build(dockerfile.parent, dockerfile)
    first = build_image(build, "shop/web", store=store)
    second = build_image(build, "shop/web", store=Store(tmp_path / "other"))
    assert not second.cached
    assert second.image.manifest == first.image.manifest


def test_a_failing_step(docker_engine: str, dockerfile: Path, store: Store) -> None:
    dockerfile.write_text('FROM scratch\nCOPY busybox /b\nRUN ["/b", "sh", "-c", "echo oops; exit 3"]\n')
    with pytest.raises(CloudDeployError) as caught:
        build_image(Build(dockerfile.parent, dockerfile), "shop/web", store=store)
    first, *rest = caught.value.message.splitlines()
    assert "Dockerfile:3: docker" in first
    assert "3" in first.split("could not build shop/web")[1]
    assert any("oops" in line for line in rest)


def test_pushed_and_pulled_and_run(
    docker_engine: str, dockerfile: Path, store: Store, own_registry: str
) -> None:
    built = build_image(Build(dockerfile.parent, dockerfile), "shop/web", store=store)
    with RegistryClient(own_registry) as client:
        result = push_image(built.image, f"{own_registry}/shop/web", ["v1"], client)
    assert result.digest == built.image.manifest.digest

    skopeo = [need("skopeo"), "inspect", "--tls-verify=false", f"docker://{own_registry}/shop/web:v1"]
    seen = json.loads(subprocess.run(skopeo, capture_output=True, check=True).stdout)
    assert seen["Digest"] == built.image.manifest.digest

    pinned = f"{own_registry}/shop/web@{result.digest}"
    docker("image", "rm", "--force", image_id(built))
    docker("pull", "--quiet", pinned)
    assert docker("run", "--rm", "--network=none", pinned) == "0\n7\n"


EVERYTHING = """
ARG V=1
FROM scratch AS one
COPY src /data
FROM scratch
ARG V
ENV A=1 B="x y" P=$V
LABEL l=$A m="q r"
WORKDIR /app/w
COPY busybox /bin/busybox
COPY src /srv/src
COPY src/*.txt empty toplink dirlink rel/
COPY --chown=12:34 src/a.txt /own/dir/a
COPY --from=one /data/sub /fromone/
COPY src/a.txt .
ADD src/a.txt /add/
ADD packed.tar.gz /unpacked
COPY . /all
EXPOSE 80 81/udp
VOLUME /v /w
USER 5:6
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --retries=2 CMD ["/bin/busybox", "true"]
ENTRYPOINT ["/bin/busybox"]
CMD ["echo", "hi"]
"""


def test_the_built_in_builder_makes_what_docker_makes(
    docker_engine: str, context: Path, store: Store
) -> None:
    """The same names, kinds, modes, owners, links, contents and settings; the same history of layers."""
    _fill(context)
    (context / "Dockerfile").write_text(EVERYTHING)
    found = {
        engine: build_image(Build(context, context / "Dockerfile"), f"x/{engine}", store=store, engine=engine)
        for engine in ("docker", "built-in")
    }
    theirs, ours = found["docker"], found["built-in"]
    if theirs.engine != "docker":
        pytest.skip("BuildKit's config differs in its defaults from the one that this compares with")
    assert files(ours) == files(theirs)
    assert settings(ours) == settings(theirs)
    assert history(ours) == history(theirs)


def _fill(context: Path) -> None:
    for name in ("src/a.txt", "src/sub/b.txt", "x.log", "empty/.keep"):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text(name)
    (context / "empty/.keep").unlink()
    (context / "src/sub/b.txt").chmod(0o755)
    (context / "src/link").symlink_to("a.txt")
    (context / "toplink").symlink_to("src/a.txt")
    (context / "dirlink").symlink_to("src")
    (context / ".dockerignore").write_text("*.log\n")
    with tarfile.open(context / "packed.tar.gz", "w:gz") as tar:
        tar.add(context / "src", "deep/src")


def files(built: BuiltImage) -> dict[str, tuple[Any, ...]]:
    """Every name of the flattened image; the times are the builders' own."""
    found: dict[str, tuple[Any, ...]] = {}
    for layer in parse_image(built.image.store, built.image.manifest).layers:
        with built.image.open(layer.digest) as blob, tarfile.open(fileobj=blob) as tar:
            for info in tar:
                file = tar.extractfile(info) if info.isreg() else None
                content = hashlib.sha256(file.read()).hexdigest() if file else ""
                facts = (info.type, info.mode & 0o7777, info.uid, info.gid, info.linkname, content)
                found[info.name.rstrip("/")] = facts
    return found


def settings(built: BuiltImage) -> dict[str, Any]:
    """The config's settings that say something; Docker 20.10 writes container leftovers beside them."""
    config = json.loads(config_of(built.image.store, built.image.manifest))
    leftovers = {"Image", "Hostname", "Domainname"}
    return {
        "architecture": config["architecture"],
        "os": config["os"],
        **{key: value for key, value in config["config"].items() if value and key not in leftovers},
    }


def history(built: BuiltImage) -> list[bool]:
    config = json.loads(config_of(built.image.store, built.image.manifest))
    return [each.get("empty_layer", False) for each in config["history"]]
