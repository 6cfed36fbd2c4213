"""One image in a layout goes to several registries: read once, and nobody is held up by another."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, Descriptor, digest_of
from clouddeploy.push import Delivered, Destination, How, push
from clouddeploy.push.shared import Shared
from clouddeploy.push.spool import Budget
from tests.oci.images import DirectorySource, make_image, make_index
from tests.oci.waits import Waits
from tests.push.conftest import Watched


@pytest.fixture
def watched(tmp_path: Path) -> list[Watched]:
    return [Watched(OciRegistry(tmp_path / f"r{number}", authorize=anonymous)) for number in range(3)]


@pytest.fixture
def destinations(watched: list[Watched]) -> Iterator[list[Destination]]:
    with ExitStack() as stack:
        hosts = [stack.enter_context(Server(one)).host for one in watched]
        clients = [stack.enter_context(RegistryClient(host, retry=Waits().retry)) for host in hosts]
        yield [Destination(one, f"{one.host}/shop/web", ["v1"], one.host) for one in clients]


def layers_read(source: DirectorySource) -> Counter[str]:
    return Counter(one for one in source.opened if source.path(one).stat().st_size >= 2000)


def test_each_layer_is_read_once_for_all(
    destinations: list[Destination], watched: list[Watched], tmp_path: Path
) -> None:
    source = make_image(tmp_path / "image", layers=3, size=200_000)
    delivered = push(source, destinations, How())
    assert [one.error for one in delivered] == [None] * 3
    assert set(layers_read(source).values()) == {1}
    for one in watched:
        assert one.registry.find("shop/web", "v1")


def test_an_index_goes_everywhere_with_its_children(
    destinations: list[Destination], watched: list[Watched], tmp_path: Path
) -> None:
    source = make_index(tmp_path / "image")
    assert all(one.result for one in push(source, destinations, How()))
    for one in watched:
        assert len(one.registry.manifests("shop/web")) == 3


def test_a_registry_that_has_a_layer_is_not_waited_for(
    destinations: list[Destination], tmp_path: Path
) -> None:
    source = make_image(tmp_path / "image", layers=3, size=200_000)
    push(source, destinations[:1], How())
    source.opened.clear()
    source.manifest = source.add_manifest(
        source.add(b'{"another": "config"}', "application/vnd.oci.image.config.v1+json"),
        [
            Descriptor(OCI_LAYER_GZIP, name.replace("-", ":"), (source.directory / name).stat().st_size)
            for name in sorted(path.name for path in source.directory.iterdir())
            if (source.directory / name).stat().st_size >= 200_000
        ],
    )
    delivered = push(source, destinations, How())
    assert [one.result.skipped if one.result else 0 for one in delivered] == [3, 0, 0]
    assert set(layers_read(source).values()) == {1}


def test_a_silent_registry_does_not_hold_up_the_others(
    destinations: list[Destination], watched: list[Watched], tmp_path: Path
) -> None:
    silence, done = threading.Event(), threading.Semaphore(0)
    ended: list[str] = []

    def before(method: str, path: str) -> int:
        if method == "POST":
            silence.wait(60)
        return 0

    def note(delivered: Delivered) -> None:
        ended.append(delivered.destination.name)
        done.release()

    watched[0].before = before
    source = make_image(tmp_path / "image", layers=6, size=100_000)
    thread = threading.Thread(target=push, args=(source, destinations, How(on_done=note)))
    thread.start()
    try:
        assert done.acquire(timeout=50)
        assert done.acquire(timeout=50)
        assert sorted(ended) == sorted(one.name for one in destinations[1:])
    finally:
        silence.set()
        thread.join(60)
    assert len(ended) == 3


def test_who_fails_is_told_and_the_others_are_done(
    destinations: list[Destination], watched: list[Watched], tmp_path: Path
) -> None:
    watched[1].before = lambda method, _path: 500 if method == "PUT" else 0
    delivered = push(make_image(tmp_path / "image"), destinations, How())
    assert [one.error is None for one in delivered] == [True, False, True]
    assert isinstance(delivered[1].error, TemporaryError)


def test_a_damaged_layer_is_noticed_once_and_kept_nowhere(
    destinations: list[Destination], watched: list[Watched], tmp_path: Path
) -> None:
    source = make_image(tmp_path / "image", layers=1, size=500_000)
    (path,) = (one for one in source.directory.iterdir() if one.stat().st_size >= 500_000)
    path.write_bytes(b"x" * path.stat().st_size)
    for one in push(source, destinations, How()):
        assert one.error
        assert "is not what its digest says" in one.error.message
    for each in watched:
        assert each.registry.manifests("shop/web") == []


def test_a_damaged_manifest_is_raised_before_anything_is_asked(
    destinations: list[Destination], watched: list[Watched], tmp_path: Path
) -> None:
    source = make_image(tmp_path / "image")
    source.path(source.manifest.digest).write_bytes(b"{}")
    with pytest.raises(CloudDeployError, match="is damaged"):
        push(source, destinations, How())
    assert [one.asked for one in watched] == [[]] * 3


def test_who_has_to_send_a_blob_again_reads_it_for_himself(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path)
    blob = source.add(b"layer" * 100_000, OCI_LAYER_GZIP)
    shared = Shared(source, ["a", "b"])
    with shared.view("a").open(blob) as first, shared.view("b").open(blob) as second:
        assert digest_of(_all(first)) == digest_of(_all(second)) == blob.digest
    with shared.view("a").open(blob) as again:
        assert digest_of(_all(again)) == blob.digest
    assert source.opened == [blob.digest] * 2


def test_one_that_is_too_slow_reads_for_himself(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path)
    blob = source.add(b"layer" * 1_000_000, OCI_LAYER_GZIP)
    shared = Shared(source, ["fast", "slow"], Budget(memory=600_000, disk=0))
    with shared.view("fast").open(blob) as stream:
        assert digest_of(_all(stream)) == blob.digest
    with shared.view("slow").open(blob) as late, pytest.raises(TemporaryError):
        _all(late)
    with shared.view("slow").open(blob) as again:
        assert digest_of(_all(again)) == blob.digest


def _all(stream: object) -> bytes:
    pieces = iter(lambda: stream.read(100_000), b"")  # type: ignore[attr-defined]
    return b"".join(pieces)
