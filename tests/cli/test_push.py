"""A push on the command line: images from other jobs, what it prints, the report for jobs after it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.images.layout import folder_image
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_LAYER_ZSTD
from clouddeploy.oci.document import Manifest, parse_document
from clouddeploy.release import report as module
from tests.commandline import Ran, Run
from tests.images.archives import docker_archive, layer, oci_members
from tests.push.conftest import Watched

SCHEMA = json.loads(Path(module.__file__).with_name("push-report.schema.json").read_text())
PASSWORD = "correct-horse-battery"

CONFIG = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {{build: .}}
  worker: {{image_of: web}}
  cache: {{image: "redis:8"}}
targets:
  one: {{provider: kubernetes, context: nowhere, registry: {{host: "{0}"}}}}
  two: {{provider: kubernetes, context: nowhere, registry: {{host: "{1}"}}}}
  twin: {{provider: kubernetes, context: nowhere, registry: {{host: "{0}"}}}}
"""


class Shop:
    """An app whose images all come from elsewhere, and two registries; `one` and `twin` share the first."""

    def __init__(self, folder: Path, run: Run, registries: list[Watched], hosts: list[str]) -> None:
        self.folder = folder
        self.run = run
        self.registries = registries
        self.hosts = hosts
        for name, body in oci_members([layer({"web": random.Random(1).randbytes(20_000)})]):
            file = folder / "web" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        self.web = folder_image(folder / "web").manifest
        (folder / "cache.tar").write_bytes(docker_archive([layer({"redis": b"redis" * 4000})]))
        (folder / "clouddeploy.yaml").write_text(CONFIG.format(*hosts))
        (folder / "Dockerfile").write_text("FROM scratch\nRUN false\n")

    def push(self, *arguments: str) -> Ran:
        images = ("--image", "web=oci:web", "--image", "cache=docker-archive:cache.tar")
        env = {"CLOUDDEPLOY_REGISTRY_USERNAME": "ci", "CLOUDDEPLOY_REGISTRY_PASSWORD": PASSWORD}
        return self.run("push", "--tag", "v1", *images, *arguments, env=env)

    def report(self) -> dict[str, Any]:
        """The report, which keeps to its schema."""
        text = (self.folder / "report.json").read_text()
        assert PASSWORD not in text
        found: dict[str, Any] = json.loads(text)
        jsonschema.validate(found, SCHEMA, format_checker=jsonschema.FormatChecker())
        return found


@pytest.fixture
def shop(folder: Path, run: Run, tmp_path: Path) -> Iterator[Shop]:
    registries = [Watched(OciRegistry(tmp_path / f"r{number}", authorize=anonymous)) for number in range(2)]
    with Server(registries[0]) as one, Server(registries[1]) as two:
        yield Shop(folder, run, registries, [one.host, two.host])


def test_images_that_were_built_elsewhere_go_to_every_target(shop: Shop) -> None:
    done = shop.push("--to", "all", "--report", "report.json", "--compression", "zstd")
    assert done.code == 0, done.err
    assert done.out.count("pushed 2") == 3, "also at two targets that share a registry"
    report = shop.report()
    assert report["release"] == "v1"
    assert [(one["name"], one["done"]) for one in report["targets"]] == [
        ("one", True),
        ("two", True),
        ("twin", True),
    ]
    for target in report["targets"]:
        digests = {image["service"]: image["digest"] for image in target["images"]}
        assert set(digests) == {"web", "cache"}
        assert digests["web"] == shop.web.digest
    for watched, host in zip(shop.registries, shop.hosts, strict=True):
        assert watched.registry.repositories() == ["shop/cache", "shop/web"]
        with RegistryClient(host) as client:
            manifest = parse_document(client.get_manifest("shop/cache", "v1")[1])
        assert isinstance(manifest, Manifest)
        assert [one.media_type for one in manifest.layers] == [OCI_LAYER_ZSTD]

    again = shop.push("--to", "one", "--report", "report.json", "--compression", "zstd")
    assert "same digest, nothing to do" in again.out
    [target] = shop.report()["targets"]
    assert [(one["unchanged"], one["requests"], one["bytes_sent"]) for one in target["images"]] == [
        (True, 1, 0)
    ] * 2


def test_one_target_that_fails(shop: Shop) -> None:
    shop.registries[1].before = lambda method, path: 403 if method == "POST" else 0
    done = shop.push("--to", "one,two", "--report", "report.json")
    assert done.code == 4
    one, two = shop.report()["targets"]
    assert (one["done"], two["done"]) == (True, False)
    assert two["error"]["exit_code"] == 5
    assert two["error"]["fix"]
    assert "error" not in one


def test_an_image_that_is_damaged_is_reported_of_every_target(shop: Shop) -> None:
    manifest = shop.folder / "web" / "blobs" / "sha256" / shop.web.digest.partition(":")[2]
    manifest.write_text("{}")
    done = shop.push("--to", "one,two", "--report", "report.json")
    assert done.code == 1
    assert "is damaged" in done.err
    assert [one["done"] for one in shop.report()["targets"]] == [False, False]


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"x")


@pytest.mark.parametrize(
    ("change", "message"), [(Path.unlink, "cannot be read: No such file"), (damage, "damaged|is not what")]
)
def test_a_layer_that_is_missing_or_damaged(
    change: Callable[[Path], object], message: str, shop: Shop
) -> None:
    change(max((shop.folder / "web" / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size))
    done = shop.push("--to", "one,two", "--report", "report.json")
    assert done.code == 1
    assert re.search(message, done.err)
    assert [one["done"] for one in shop.report()["targets"]] == [False, False]


def test_a_report_that_cannot_be_written_is_found_before_the_push(shop: Shop) -> None:
    done = shop.push("--to", "one", "--report", "nowhere/report.json")
    assert done.code == 2
    assert "nothing was pushed" in done.err
    assert shop.registries[0].asked == []


def test_an_old_report_does_not_outlive_a_push_that_never_began(shop: Shop) -> None:
    (shop.folder / "report.json").write_text('{"targets": []}')
    (shop.folder / "cache.tar").unlink()
    assert shop.push("--to", "one", "--report", "report.json").code == 2
    assert (shop.folder / "report.json").read_text() == ""


@pytest.mark.parametrize(
    ("word", "message", "fix"),
    [
        ("wbe=oci:web", 'there is no service "wbe" (did you mean "web"?)', "choose from: web, cache"),
        ("worker=oci:web", "worker runs the image of web", "--image web=oci:web"),
        ("oci:web", "is not SERVICE=SOURCE", "write it as web="),
        ("web=", "is not SERVICE=SOURCE", "write it as web="),
        ("web=podman:web", "--image gives web two images", "give it one"),
    ],
)
def test_an_image_of_no_service(word: str, message: str, fix: str, shop: Shop) -> None:
    done = shop.push("--to", "one", "--image", word)
    assert done.code == 2
    assert message in done.err
    assert f"  fix: {fix}" in done.err


def test_the_plan_says_where_an_image_comes_from(shop: Shop) -> None:
    done = shop.run("push", "--to", "one", "--dry-run", env={"CLOUDDEPLOY_IMAGE": "web=oci:web"})
    assert done.out == "would push shop/web, from oci:web, to one\nwould push shop/cache to one\n"


def test_a_deploy_of_a_tag_takes_no_image(shop: Shop) -> None:
    done = shop.run("deploy", "--to", "one", "--tag", "v1", "--image", "web=oci:web")
    assert done.code == 2
    assert "clouddeploy push --tag v1 --image web=oci:web" in done.err
