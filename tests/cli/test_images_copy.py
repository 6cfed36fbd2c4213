"""`images copy` on the command line: from one cloud to another, to hosts, and what is said when it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from tests.cli.conftest import Zeta
from tests.commandline import Run
from tests.images.layouts import make_release, write_layout
from tests.push.conftest import Watched

CLOUDS = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {build: .}
  worker: {image_of: web}
targets:
  aws: {provider: aws, region: eu-west-1, cluster: {name: shop}}
  zeta: {provider: zeta, cluster: {name: shop}}
"""


class Hosts:
    """An OCI layout `web`, and registries that are no target."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.release, others = make_release(folder / "blobs")
        write_layout(folder / "web", self.release, [self.release.manifest, *others])
        self.watched = [Watched(OciRegistry(folder / f"r{n}", authorize=anonymous)) for n in range(2)]
        self.names = [stack.enter_context(Server(one)).host for one in self.watched]


@pytest.fixture
def hosts(folder: Path) -> Iterator[Hosts]:
    with ExitStack() as stack:
        yield Hosts(stack, folder)


def test_the_apps_images_go_from_one_cloud_to_another(
    run: Run, static_app: Path, aws: Mapping[str, str], zeta: Zeta
) -> None:
    (static_app / "clouddeploy.yaml").write_text(CLOUDS)
    env = {**aws, **zeta.env}
    assert run("push", "--to", "aws", "--tag", "v7", env=env).code == 0

    copied = run("images", "copy", "--from", "aws", "--to", "zeta", "--tag", "v7", env=env)
    assert copied.code == 0, copied.err
    assert "zeta shop/web:v7" in copied.out
    assert "clouddeploy deploy --to zeta --tag v7" in copied.err
    again = run("images", "copy", "--from", "aws", "shop/web:v7", "--to", "zeta", env=env)
    assert "same digest" in again.out
    missing = run("images", "copy", "--from", "aws", "--to", "zeta", "--tag", "v8", env=env)
    assert missing.code == 5
    assert "aws has no image shop/web:v8" in missing.err
    assert "clouddeploy images ls --to aws" in missing.err


def test_a_layout_goes_to_two_hosts_whole(run: Run, hosts: Hosts) -> None:
    places = [f"{name}/acme/web:v1" for name in hosts.names]
    done = run("images", "copy", "oci:web", *places)
    assert done.code == 0, done.err
    assert done.out.count("copied, 2 referrers") == 2
    assert f"docker pull {places[0]}" in done.err
    for one in hosts.watched:
        assert len(one.registry.manifests("acme/web")) == 6


def test_one_of_two_fails(run: Run, hosts: Hosts) -> None:
    hosts.watched[1].before = lambda method, _: 403 if method == "POST" else 0
    places = [f"{name}/acme/web:v1" for name in hosts.names]
    done = run("images", "copy", "oci:web", *places)
    assert done.code == 4
    assert "1 of 2 copies done" in done.err
    assert f"{places[1]}:\nerror: " in done.err


def test_a_plan_asks_nobody(run: Run, hosts: Hosts) -> None:
    done = run("images", "copy", "oci:web", f"{hosts.names[0]}/acme/web", "--dry-run")
    assert done.out == f"would copy oci:web to {hosts.names[0]}/acme/web:latest\n"
    assert hosts.watched[0].asked == []


@pytest.mark.parametrize(
    ("arguments", "message", "fix"),
    [
        ((), "there is no destination", "add HOST/PATH:TAG, or --to"),
        (("nginx:1.29",), "there is no destination", "add HOST/PATH:TAG, or --to"),
        (("--to", "aws"), "there is no source", "name an image, or a target with --from"),
        (
            ("nginx:1.29", "aws"),
            "aws does not say where to copy to",
            "write HOST/PATH:TAG, or for a target: --to",
        ),
        (("web", "--from", "aws", "--to", "gcp"), "web does not say which image is meant", "write web:TAG"),
        (
            ("oci:web", "--to", "aws"),
            "has no name and tag that the targets could use",
            "name the destination in",
        ),
        (("oci:nowhere", "localhost:1/web"), "there is no file or folder 'nowhere'", "check the path"),
        (("nginx", "--to", "asw"), 'there is no target "asw" (did you mean "aws"?)', "choose from"),
    ],
)
def test_wrong_names(arguments: tuple[str, ...], message: str, fix: str, run: Run, hosts: Hosts) -> None:
    done = run("images", "copy", *arguments)
    assert done.code == 2
    assert message in done.err
    assert f"  fix: {fix}" in done.err
    assert all(not one.asked for one in hosts.watched)
