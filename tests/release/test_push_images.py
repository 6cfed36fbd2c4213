"""An app's images go to several targets at once; each target's outcome is its own."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from clouddeploy.app.model import App, Service, Target
from clouddeploy.contract import ClusterSpec, TargetSettings
from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, CredentialsError
from clouddeploy.images.assemble import import_archive
from clouddeploy.images.store import Image, Store
from clouddeploy.push import How
from clouddeploy.release.push import Pushed, journals, push_images, references
from clouddeploy.release.targets import Outcome
from tests.images.archives import docker_archive, layer
from tests.push.conftest import Watched

BASE = layer({"base": b"base" * 1000})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDDEPLOY_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def watched(tmp_path: Path) -> list[Watched]:
    return [Watched(OciRegistry(tmp_path / f"r{number}", authorize=anonymous)) for number in range(2)]


@pytest.fixture
def targets(watched: list[Watched]) -> Iterator[list[Target]]:
    with ExitStack() as stack:
        hosts = [stack.enter_context(Server(one)).host for one in watched]
        yield [_target(f"t{number}", host) for number, host in enumerate(hosts)]


def _target(name: str, host: str) -> Target:
    settings = TargetSettings(name, "kubernetes", ClusterSpec("lab"), registry={"host": host})
    return Target(settings, "shop", (Service("web"), Service("api"), Service("worker", image_of="api")))


@pytest.fixture
def app(tmp_path: Path, targets: list[Target]) -> App:
    services = (Service("web"), Service("api"), Service("worker", image_of="api"))
    return App("shop", tmp_path, tmp_path, services, {one.settings.name: one for one in targets})


@pytest.fixture
def images() -> dict[str, Image]:
    return {name: _image(docker_archive([BASE, layer({name: name.encode()})])) for name in ("web", "api")}


def _image(raw: bytes) -> Image:
    store = Store.default()
    return Image(store, import_archive(io.BytesIO(raw), store, "it"))


def services(outcome: Outcome[list[Pushed]]) -> list[str]:
    return sorted(one.service for one in outcome.value or ())


def requests(watched: Sequence[Watched], method: str) -> list[int]:
    return [one.count(method) for one in watched]


def test_every_target_gets_every_image_with_the_same_digest(
    app: App, targets: list[Target], images: dict[str, Image], watched: list[Watched]
) -> None:
    outcomes = push_images(app, targets, images, "v1", How())
    assert [services(one) for one in outcomes] == [["api", "web"]] * 2
    for service, image in images.items():
        for one in watched:
            record = one.registry.find(f"shop/{service}", "v1")
            assert record
            assert record.digest == image.manifest.digest


def test_a_layer_that_two_services_share_is_sent_once_and_mounted(
    app: App, targets: list[Target], images: dict[str, Image], watched: list[Watched]
) -> None:
    first, second = push_images(app, targets, images, "v1", How())
    for outcome in (first, second):
        counts = {one.service: one.result.mounted for one in outcome.value or ()}
        assert counts == {"web": 0, "api": 1}
    uploads = [sum("uploads/" in one for one in each.asked if one.startswith("PUT")) for each in watched]
    assert uploads == [5, 5], "two layers and a config, one layer and a config"


def test_a_service_that_runs_anothers_image_is_pinned_to_it(
    app: App, targets: list[Target], images: dict[str, Image]
) -> None:
    outcome, _ = push_images(app, targets, images, "v1", How())
    pinned = references(outcome.target, outcome.value or [])
    assert pinned["worker"] == pinned["api"]
    assert pinned["web"].endswith(images["web"].manifest.digest)


def test_a_target_that_refuses_fails_alone(
    app: App, targets: list[Target], images: dict[str, Image], watched: list[Watched]
) -> None:
    watched[0].before = lambda method, _path: 403 if method == "POST" else 0
    refused, done = push_images(app, targets, images, "v1", How())
    assert isinstance(refused.error, CredentialsError)
    assert done.error is None
    assert services(done) == ["api", "web"]


def test_a_target_without_a_registry_fails_before_anything_is_sent_to_it(
    app: App, targets: list[Target], images: dict[str, Image]
) -> None:
    nowhere = replace(targets[0], settings=replace(targets[0].settings, registry={}))
    failed, done = push_images(app, [nowhere, targets[1]], images, "v1", How())
    assert failed.error
    assert "names no registry" in failed.error.message
    assert services(done) == ["api", "web"]


def test_a_slow_target_does_not_hold_up_the_next_image_of_another(
    app: App, targets: list[Target], images: dict[str, Image], watched: list[Watched]
) -> None:
    waiting, arrived = threading.Event(), threading.Semaphore(0)

    def before(method: str, path: str) -> int:
        if method == "POST":
            waiting.wait(60)
        return 0

    watched[0].before = before
    outcomes: list[Outcome[list[Pushed]]] = []

    def run() -> None:
        how = How(on_done=lambda done: arrived.release() if done.result else None)
        outcomes.extend(push_images(app, targets, images, "v1", how))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert arrived.acquire(timeout=50)
        assert arrived.acquire(timeout=50)
        assert watched[1].registry.find("shop/web", "v1")
        assert watched[1].registry.find("shop/api", "v1")
        assert watched[0].registry.repositories() == []
    finally:
        waiting.set()
        thread.join(60)
    assert [services(one) for one in outcomes] == [["api", "web"]] * 2


def test_again_is_one_request_an_image(
    app: App, targets: list[Target], images: dict[str, Image], watched: list[Watched]
) -> None:
    push_images(app, targets, images, "v1", How())
    for one in watched:
        one.asked.clear()
    outcomes = push_images(app, targets, images, "v1", How())
    assert [len(one.asked) for one in watched] == [2, 2]
    assert all(one.result.unchanged for outcome in outcomes for one in outcome.value or ())


def test_the_same_images_under_another_tag_are_known(
    app: App, targets: list[Target], images: dict[str, Image], watched: list[Watched]
) -> None:
    push_images(app, targets, images, "v1", How())
    for one in watched:
        one.asked.clear()
    push_images(app, targets, images, "v2", How())
    assert requests(watched, "HEAD") == [0, 0]
    assert requests(watched, "PUT") == [2, 2]


def test_a_journal_that_cannot_be_kept_is_told_and_the_push_goes_on(
    app: App, targets: list[Target], images: dict[str, Image]
) -> None:
    from tests.push.test_push import Recorder

    journals().parent.mkdir(parents=True, exist_ok=True)
    journals().write_text("a file where the folder belongs")
    watcher = Recorder()
    outcomes = push_images(app, targets, images, "v1", How(progress=watcher))
    assert [one.error for one in outcomes] == [None, None]
    assert "begins anew" in watcher.tasks["journal"].said[0]


def test_a_damaged_image_is_raised(app: App, targets: list[Target], images: dict[str, Image]) -> None:
    store = Store.default()
    (store.root / "blobs" / images["web"].manifest.digest.replace(":", "/")).write_bytes(b"{}")
    with pytest.raises(CloudDeployError):
        push_images(app, targets, images, "v1", How(), allow_secrets=True)
