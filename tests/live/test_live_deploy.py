"""Deploys to a real Kubernetes whose nodes pull from a real registry and run what they pulled."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddeploy.images.store import Store
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from tests.commandline import Ran, Run
from tests.live import kubernetes as live
from tests.live.bench import places, registries
from tests.live.bench.images import busybox
from tests.live.kubernetes import LiveCluster
from tests.live.needs import need

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "static"
TALK = Path(__file__).parent / "apps" / "talk"
FAIL_FAST_SECONDS = 30
PATIENCE = 120  # seconds
GZIP = b"\x1f\x8b"


@pytest.fixture
def kubernetes(run: Run, folder: Path) -> Iterator[LiveCluster]:
    """A real cluster and a namespace of this test's own, removed with everything in it."""
    cluster = live.find()
    yield cluster
    if (folder / "clouddeploy.yaml").exists():
        run("down", "--to", "lab", "--yes")


@pytest.fixture
def talk(kubernetes: LiveCluster, folder: Path) -> Path:
    """The two-service app, with this cluster as its target."""
    shutil.copytree(TALK, folder, dirs_exist_ok=True)
    shutil.copy(need("busybox"), folder / "busybox")
    config = folder / "clouddeploy.yaml"
    config.write_text(f"{config.read_text()}targets:\n  lab: {kubernetes.target()}\n")
    return config


def test_two_services_talk_by_name(run: Run, talk: Path, kubernetes: LiveCluster) -> None:
    done = run("deploy", "--to", "lab", "--engine", "built-in")
    assert done.code == 0, done.err
    assert "healthy" in done.out

    services = json.loads(run("status", "--to", "lab", "-o", "json").out)[0]["services"]
    assert {s["service"]: (s["ready"], s["desired"]) for s in services} == {"web": (2, 2), "client": (1, 1)}
    assert len({s["digest"] for s in services}) == 1
    assert "served by talk" in client_log(kubernetes)

    again = run("deploy", "--to", "lab", "--engine", "built-in")
    assert re.search(r"\d+ unchanged; healthy", again.out), "a second deploy changes nothing"

    removed = run("down", "--to", "lab", "--yes")
    assert removed.code == 0, removed.err
    assert kubernetes.namespace not in kubernetes.kubectl("get", "namespaces", "-o", "name")


def test_what_runs_is_what_was_pushed(run: Run, talk: Path, kubernetes: LiveCluster) -> None:
    run("deploy", "--to", "lab", "--engine", "built-in")
    query = "jsonpath={.items[*].status.containerStatuses[*].imageID}"
    running = kubernetes.kubectl("-n", kubernetes.namespace, "get", "pods", "-o", query).split()
    status = json.loads(run("status", "--to", "lab", "-o", "json").out)
    assert {image.rpartition("@")[2] for image in running} == {status[0]["services"][0]["digest"]}


def test_an_image_that_is_given_is_deployed_and_nothing_is_built(
    run: Run, folder: Path, talk: Path, kubernetes: LiveCluster
) -> None:
    report = folder / "report.json"
    assert run("push", "--to", "lab", "--engine", "built-in", "--report", str(report)).code == 0
    [pushed] = json.loads(report.read_text())["targets"][0]["images"]
    (folder / "Dockerfile").unlink()
    done = run("deploy", "--to", "lab", "--image", f"web={pushed['reference']}")
    assert done.code == 0, done.err
    status = json.loads(run("status", "--to", "lab", "-o", "json").out)
    assert {one["digest"] for one in status[0]["services"]} == {pushed["digest"]}


def test_the_static_example_serves_as_its_readme_says(
    run: Run, folder: Path, kubernetes: LiveCluster, tmp_path: Path
) -> None:
    """On a base with a web server, which here is Debian's static busybox."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    base = f"{kubernetes.registry}/{kubernetes.namespace}/busybox"
    with RegistryClient(kubernetes.registry) as client:
        push_image(busybox(Store(tmp_path / "store"), ["sh"], "busybox"), base, ["1"], client)
    config = (folder / "clouddeploy.yaml").read_text().partition("targets:")[0]
    config = config.replace("build: . ", f"build: {{context: ., args: {{BASE: '{base}:1'}}}} ")
    (folder / "clouddeploy.yaml").write_text(f"{config}targets:\n  lab: {kubernetes.target()}\n")
    done = run("deploy", "--to", "lab", "--engine", "built-in")
    assert done.code == 0, done.err
    page = f"/api/v1/namespaces/{kubernetes.namespace}/services/http:web:80/proxy/index.html"
    assert kubernetes.kubectl("get", "--raw", page) == (EXAMPLE / "site" / "index.html").read_text()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("while /bin/busybox sleep 1;", "echo boom; exit 3; while true;", ("exits with 3", "boom")),
        ("- /bin/sh", "- /bin/not-there", ("not-there",)),
    ],
    ids=["crash", "no such command"],
)
def test_what_waiting_does_not_mend_is_told_long_before_time_is_up(
    run: Run, talk: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    talk.write_text(talk.read_text().replace(old, new, 1))
    assert run("push", "--to", "lab", "--engine", "built-in", "--tag", "one").code == 0
    done = deploy_fails(run, timeout="5m")
    for word in words:
        assert word in done.err


def test_a_probe_that_fails_is_told_when_time_is_up(run: Run, talk: Path, kubernetes: LiveCluster) -> None:
    talk.write_text(talk.read_text().replace("path: /index.html", "path: /missing.html", 1))
    assert run("push", "--to", "lab", "--engine", "built-in", "--tag", "one").code == 0
    assert run("deploy", "--to", "lab", "--tag", "one", "--no-wait").code == 0
    wait_for_event(kubernetes, "Unhealthy")
    assert "404" in deploy_fails(run, timeout="5s").err


def test_an_image_that_the_node_cannot_pull(
    run: Run,
    folder: Path,
    talk: Path,
    kubernetes: LiveCluster,
) -> None:
    (folder / "site" / "unique.txt").write_text(kubernetes.namespace)
    assert run("push", "--to", "lab", "--engine", "built-in", "--tag", "one").code == 0
    lose_layer(kubernetes, kubernetes.namespace.encode())
    done = deploy_fails(run, timeout="5m")
    assert "ErrImagePull" in done.err or "ImagePullBackOff" in done.err


def test_a_base_image_that_nobody_has(run: Run, talk: Path, kubernetes: LiveCluster) -> None:
    talk.write_text(talk.read_text().replace("build: .", f"image: {kubernetes.registry}/talk/none:1"))
    done = run("deploy", "--to", "lab")
    assert done.code == 5
    assert "talk/none" in done.err


def deploy_fails(run: Run, timeout: str) -> Ran:
    """A deploy of what was pushed as `one` that is unhealthy, and says so soon."""
    start = time.monotonic()
    done = run("deploy", "--to", "lab", "--tag", "one", "--timeout", timeout)
    assert done.code == 6, done.err
    assert time.monotonic() - start < FAIL_FAST_SECONDS
    return done


def wait_for_event(cluster: LiveCluster, reason: str) -> None:
    end = time.monotonic() + PATIENCE
    query = ("-n", cluster.namespace, "get", "events", "--field-selector", f"reason={reason}", "-o", "name")
    while not cluster.kubectl(*query):
        assert time.monotonic() < end, f"no event {reason} after {PATIENCE} s"
        time.sleep(0.5)


def lose_layer(cluster: LiveCluster, content: bytes) -> None:
    """Take the layer with this content out of the bench's registry behind its back: pulls will fail."""
    if cluster.registry != registries.host("plain"):
        pytest.skip("only the bench's registry keeps its blobs where a test can reach them")
    blobs = places.state() / "registry-plain" / "data" / "docker" / "registry" / "v2" / "blobs"
    small = [blob for blob in blobs.glob("sha256/*/*/data") if blob.stat().st_size < 10_000]
    packed = {blob: blob.read_bytes() for blob in small}
    (layer,) = (b for b, raw in packed.items() if raw[:2] == GZIP and content in gzip.decompress(raw))
    layer.unlink()


def client_log(cluster: LiveCluster) -> str:
    """What the client has said so far, once it has said something."""
    end = time.monotonic() + PATIENCE
    words = ("-n", cluster.namespace, "logs", "deployment/client", "--tail=5")
    while not (log := cluster.kubectl(*words)) and time.monotonic() < end:
        time.sleep(0.5)
    return log
