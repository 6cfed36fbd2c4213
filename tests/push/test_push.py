"""What a push sends, in which order, and what it says it did."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, Descriptor, digest_of
from clouddeploy.oci.document import Manifest, parse_document
from clouddeploy.push import push_image
from tests.oci.images import DirectorySource, add_image, make_image, make_index
from tests.push.conftest import Watched


def test_an_image_arrives(client: RegistryClient, watched: Watched, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image", layers=10)
    result = push_image(source, f"{client.host}/shop/web", ["v1", "latest"], client)
    digest = source.manifest.digest
    assert result.reference == f"{client.host}/shop/web:v1@{digest}"
    assert (result.digest, result.uploaded, result.skipped, result.unchanged) == (digest, 11, 0, False)
    assert (
        result.bytes_sent
        == sum(path.stat().st_size for path in source.directory.iterdir()) - source.manifest.size
    )
    [record] = watched.registry.manifests("shop/web")
    assert (record.digest, record.tags) == (digest, ("latest", "v1"))


def test_the_order_is_layers_config_manifest_tags_and_a_look_back(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    source = make_image(tmp_path / "image", layers=1)
    push_image(source, f"{client.host}/shop/web", ["v1"], client)
    digest = source.manifest.digest
    asked = [re.sub(r"uploads/.+", "uploads/…", one).replace("/v2/shop/web/", "") for one in watched.asked]
    [layer] = (one for one in asked if one.startswith("HEAD"))
    blob = ["POST blobs/uploads/", "PUT blobs/uploads/…"]
    assert asked == [
        "GET manifests/v1",
        *[layer, *blob],
        *blob,  # a config is not looked for where one of its layers was missing
        *[f"PUT manifests/{digest}", "PUT manifests/v1", "GET manifests/v1"],
    ]


def test_the_same_image_again_is_one_request(client: RegistryClient, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image")
    push_image(source, f"{client.host}/shop/web", ["v1"], client)
    result = push_image(source, f"{client.host}/shop/web", ["v1"], client)
    assert (result.requests, result.uploaded, result.skipped, result.bytes_sent) == (1, 0, 4, 0)
    assert result.unchanged


def test_another_tag_for_the_same_image_sends_no_layer(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    source = make_image(tmp_path / "image")
    push_image(source, f"{client.host}/shop/web", ["v1"], client)
    result = push_image(source, f"{client.host}/shop/web", ["v2"], client)
    assert (result.requests, result.uploaded, result.unchanged) == (4, 0, False)
    assert watched.registry.manifests("shop/web")[0].tags == ("v1", "v2")


def test_only_the_layers_that_are_missing_are_sent(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    source = make_image(tmp_path / "image", layers=3)
    push_image(source, f"{client.host}/shop/web", ["v1"], client)
    watched.asked.clear()
    source.manifest = _with_one_more_layer(source)
    result = push_image(source, f"{client.host}/shop/web", ["v1"], client)
    assert (result.uploaded, result.skipped) == (1, 4)
    assert watched.count("POST") == 1


def _with_one_more_layer(source: DirectorySource) -> Descriptor:
    found = parse_document(source.path(source.manifest.digest).read_bytes())
    assert isinstance(found, Manifest)
    return source.add_manifest(found.config, [*found.layers, source.add(b"one more", OCI_LAYER_GZIP)])


def test_a_layer_that_comes_twice_is_sent_once(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    source = DirectorySource(tmp_path / "image")
    layer, config = (
        source.add(b"layer", OCI_LAYER_GZIP),
        source.add(b"{}", "application/vnd.oci.empty.v1+json"),
    )
    source.manifest = source.add_manifest(config, [layer, layer])
    assert push_image(source, f"{client.host}/shop/web", ["v1"], client).uploaded == 2
    assert watched.count("POST") == 2


def test_layers_that_may_not_be_distributed_stay_away(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    source = DirectorySource(tmp_path / "image")
    foreign = Descriptor(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", digest_of(b"windows"), 7
    )
    source.manifest = source.add_manifest(source.add(b"{}", "application/vnd.oci.empty.v1+json"), [foreign])
    assert push_image(source, f"{client.host}/shop/web", ["v1"], client).uploaded == 1


def test_an_index_goes_children_first_and_only_itself_is_tagged(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    source = make_index(tmp_path / "image")
    result = push_image(source, f"{client.host}/shop/web", ["v1"], client)
    assert result.uploaded == 6
    records = watched.registry.manifests("shop/web")
    assert [one.tags for one in records] == [(), (), ("v1",)]
    assert records[-1].digest == source.manifest.digest


def test_without_a_tag_it_is_there_by_digest(client: RegistryClient, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image")
    result = push_image(source, f"{client.host}/shop/web", [], client)
    assert result.reference == f"{client.host}/shop/web@{source.manifest.digest}"
    assert not result.unchanged
    assert push_image(source, f"{client.host}/shop/web", [], client).unchanged


def test_the_client_must_be_the_registrys(client: RegistryClient, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not on"):
        push_image(make_image(tmp_path / "image"), "ghcr.io/shop/web", ["v1"], client)
    assert client.requests == 0


# What goes wrong


def test_a_layer_that_fails_leaves_the_tag_where_it_was(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    old = make_image(tmp_path / "old", seed=1)
    push_image(old, f"{client.host}/shop/web", ["v1"], client)
    new = make_image(tmp_path / "new", layers=6, seed=2)
    watched.before = lambda method, path: 503 if method == "PUT" and "uploads" in path else 0
    with pytest.raises(TemporaryError, match="could not push to shop/web"):
        push_image(new, f"{client.host}/shop/web", ["v1"], client)
    [record] = watched.registry.manifests("shop/web")
    assert (record.digest, record.tags) == (old.manifest.digest, ("v1",))
    assert not _push_threads()


def test_what_arrived_before_a_failure_is_not_sent_again(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    source = make_image(tmp_path / "image", layers=6)
    watched.before = lambda method, path: 500 if method == "PUT" and "manifests" in path else 0
    with pytest.raises(TemporaryError):
        push_image(source, f"{client.host}/shop/web", ["v1"], client)
    watched.before = lambda _method, _path: 0
    result = push_image(source, f"{client.host}/shop/web", ["v1"], client)
    assert (result.uploaded, result.skipped, result.bytes_sent) == (0, 7, 0)


def test_a_manifest_that_fails_once_is_repeated_without_its_layers(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    failures = iter([429])
    watched.before = lambda method, path: next(failures, 0) if method == "PUT" and "manifests" in path else 0
    result = push_image(make_image(tmp_path / "image"), f"{client.host}/shop/web", ["v1"], client)
    assert result.uploaded == watched.count("POST") == 4


@pytest.mark.parametrize("damage", [b"", b"{}", b"<html>"])
def test_a_damaged_manifest_is_noticed_before_anything_is_asked(
    damage: bytes, client: RegistryClient, tmp_path: Path
) -> None:
    source = make_image(tmp_path / "image")
    source.path(source.manifest.digest).write_bytes(damage)
    with pytest.raises(CloudDeployError, match=f"the image {source.manifest.digest} is damaged") as caught:
        push_image(source, f"{client.host}/shop/web", ["v1"], client)
    assert caught.value.fix == "build the image again"
    assert client.requests == 0


def test_a_missing_manifest_is_damage_too(client: RegistryClient, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image")
    source.path(source.manifest.digest).unlink()
    with pytest.raises(CloudDeployError, match="is damaged"):
        push_image(source, f"{client.host}/shop/web", ["v1"], client)


def test_an_index_in_an_index_in_an_index(client: RegistryClient, tmp_path: Path) -> None:
    source = DirectorySource(tmp_path / "image")
    source.manifest = add_image(source, 1, 10, 1)
    for _ in range(4):
        source.manifest = source.add_index([source.manifest])
    with pytest.raises(CloudDeployError, match="nested too deeply"):
        push_image(source, f"{client.host}/shop/web", ["v1"], client)


def test_a_damaged_layer_ends_the_push(client: RegistryClient, watched: Watched, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image", layers=2)
    damaged = next(path for path in source.directory.iterdir() if path.stat().st_size == 2000)
    damaged.write_bytes(b"x" * 2000)
    with pytest.raises(CloudDeployError, match="is not what its digest says"):
        push_image(source, f"{client.host}/shop/web", ["v1"], client)
    assert watched.registry.manifests("shop/web") == []


def test_a_registry_that_takes_and_does_not_give(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    watched.before = lambda method, path: 404 if method == "GET" else 0
    with pytest.raises(CloudDeployError, match=f"{client.host} took sha256:.* but does not give it back"):
        push_image(make_image(tmp_path / "image"), f"{client.host}/shop/web", ["v1"], client)


# Who watches


class Recorder:
    """A Progress that adds up."""

    def __init__(self) -> None:
        self.tasks: dict[str, RecordedTask] = {}

    def task(self, title: str, *, total: int | None = None) -> RecordedTask:
        self.tasks[title] = RecordedTask(total)
        return self.tasks[title]


class RecordedTask:
    def __init__(self, total: int | None) -> None:
        self.total = total
        self.done = 0
        self.said: list[str] = []
        self.ended = False

    def advance(self, amount: int) -> None:
        self.done += amount

    def say(self, detail: str) -> None:
        self.said.append(detail)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended = True


def test_progress_has_one_task_a_layer_with_its_bytes(client: RegistryClient, tmp_path: Path) -> None:
    source, first, second = make_image(tmp_path / "image"), Recorder(), Recorder()
    push_image(source, f"{client.host}/shop/web", ["v1"], client, progress=first)
    assert sorted(task.total or 0 for task in first.tasks.values()) == [2000, 2001, 2002]
    assert all(task.done == task.total and task.ended for task in first.tasks.values())
    source.manifest = _with_one_more_layer(source)
    push_image(source, f"{client.host}/shop/web", ["v2"], client, progress=second)
    assert sorted(task.said for task in second.tasks.values()) == [[], *[["already there"]] * 3]
    assert all(task.done == task.total for task in second.tasks.values())


def _push_threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("push")]


def test_ctrl_c_ends_at_once_and_leaves_the_tag(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    """The registry is silent: without help the threads would wait for a minute."""
    old = make_image(tmp_path / "old", seed=1)
    push_image(old, f"{client.host}/shop/web", ["v1"], client)
    silence, arrived = threading.Event(), threading.Event()

    def before(method: str, path: str) -> int:
        if method == "PUT" and "uploads" in path:
            arrived.set()
            silence.wait(20)
        return 0

    watched.before = before
    started = time.monotonic()
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)  # as a job in the background has it
    threading.Thread(target=_interrupt_after, args=(arrived,), daemon=True).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            push_image(make_image(tmp_path / "new", 8, seed=2), f"{client.host}/shop/web", ["v1"], client)
        assert time.monotonic() - started < 5
        assert not _push_threads()
        assert watched.registry.manifests("shop/web")[0].tags == ("v1",)
    finally:
        silence.set()
        signal.signal(signal.SIGINT, ignored)


def _interrupt_after(event: threading.Event) -> None:
    if event.wait(10):
        os.kill(os.getpid(), signal.SIGINT)


def test_a_client_that_is_closed_ends_a_push_of_another_thread(
    client: RegistryClient, watched: Watched, tmp_path: Path
) -> None:
    silence, arrived = threading.Event(), threading.Event()

    def before(method: str, path: str) -> int:
        if method == "POST":
            arrived.set()
            silence.wait(20)
        return 0

    watched.before = before
    failures: list[BaseException] = []

    def push() -> None:
        try:
            push_image(make_image(tmp_path / "image"), f"{client.host}/shop/web", ["v1"], client)
        except CloudDeployError as error:
            failures.append(error)

    thread = threading.Thread(target=push)
    thread.start()
    try:
        assert arrived.wait(10)
        client.close()
        thread.join(5)
        assert not thread.is_alive()
        assert "interrupted before it could" in str(failures[0])
    finally:
        silence.set()
