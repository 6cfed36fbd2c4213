"""An engine's archive goes to several registries while it is read; it is read again only where it must be."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, CredentialsError, PreconditionError, TemporaryError
from clouddeploy.images.store import Store
from clouddeploy.images.streamed import Archive, last_built, note_built
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.document import Manifest, parse_document
from clouddeploy.push import Delivered, Destination, How, Inspector, push
from tests.images.archives import docker_archive, docker_members, layer, pack
from tests.oci.waits import Waits
from tests.push.conftest import Watched

BASE = layer({"base": random.Random(1).randbytes(6_000_000)})
ONE, TWO = layer({"bin/one": b"1" * 3000}), layer({"two": random.Random(2).randbytes(4_000_000)})


@dataclass
class Engine:
    """Something that writes an archive whenever it is asked; counts how often."""

    raw: bytes
    store: Store
    read: int = 0

    @property
    def archive(self) -> Archive:
        key = f"sha256:{hashlib.sha256(self.raw).hexdigest()}"
        return Archive(key, "shop/web", "the archive", self.store, self._open, "linux/amd64")

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        self.read += 1
        yield io.BytesIO(self.raw)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(docker_archive([BASE, ONE, TWO]), Store(tmp_path / "store"))


class Registries:
    """Watched registries on loopback, each with a client."""

    def __init__(self, stack: ExitStack, folder: Path, count: int) -> None:
        self.watched = [
            Watched(OciRegistry(folder / f"registry-{number}", authorize=anonymous))
            for number in range(count)
        ]
        servers = [stack.enter_context(Server(one)) for one in self.watched]
        self.clients = [
            stack.enter_context(RegistryClient(one.host, retry=Waits(6).retry)) for one in servers
        ]

    def destinations(self, repository: str = "shop/web", tag: str = "v1") -> list[Destination]:
        return [
            Destination(one, f"{one.host}/{repository}", [tag], f"target-{number}")
            for number, one in enumerate(self.clients)
        ]


@pytest.fixture
def registries(tmp_path: Path) -> Iterator[Callable[[int], Registries]]:
    with ExitStack() as stack:
        yield lambda count: Registries(stack, tmp_path, count)


def results(delivered: list[Delivered]) -> list[str]:
    return [one.result.digest if one.result else repr(one.error) for one in delivered]


def layers(client: RegistryClient, repository: str = "shop/web", tag: str = "v1") -> list[bytes]:
    """The plain layers as the registry gives them back."""
    descriptor, body = client.get_manifest(repository, tag)
    document = parse_document(body, descriptor.media_type)
    assert isinstance(document, Manifest)
    found = []
    for one in document.layers:
        with client.open_blob(repository, one) as stream:
            found.append(gzip.decompress(stream.read()))
    return found


def test_one_reading_serves_three_registries(engine: Engine, registries: Callable[[int], Registries]) -> None:
    some = registries(3)
    digests = results(push(engine.archive, some.destinations(), How()))
    assert len(set(digests)) == 1
    assert engine.read == 1
    for client in some.clients:
        assert layers(client) == [BASE, ONE, TWO]
    assert list((engine.store.root / "ingest").iterdir()) == [], "no layer was put into a file here"


def test_again_costs_one_request_each_and_no_reading(
    engine: Engine, registries: Callable[[int], Registries]
) -> None:
    some = registries(2)
    push(engine.archive, some.destinations(), How())
    again = push(engine.archive, some.destinations(), How())
    assert [(one.result.requests, one.result.unchanged) for one in again if one.result] == [(1, True)] * 2
    assert engine.read == 1


def test_a_first_push_asks_little(engine: Engine, registries: Callable[[int], Registries]) -> None:
    (watched,) = (some := registries(1)).watched
    push(engine.archive, some.destinations(), How())
    streamed, config, manifests = 2 * 3, 2, 3
    small = 3  # looked for, then sent
    assert len(watched.asked) <= streamed + small + config + manifests


def test_layers_that_an_earlier_image_had_are_mounted(
    engine: Engine, registries: Callable[[int], Registries]
) -> None:
    some = registries(1)
    push(engine.archive, some.destinations("shop/web"), How())
    other = Engine(docker_archive([BASE, layer({"three": b"3"})]), engine.store)
    (done,) = push(other.archive, some.destinations("shop/api"), How())
    assert done.result
    assert (done.result.mounted, done.result.uploaded) == (1, 2)
    assert layers(some.clients[0], "shop/api")[0] == BASE


def test_a_registry_that_lost_a_layer_gets_that_one_again(
    engine: Engine, registries: Callable[[int], Registries]
) -> None:
    some = registries(2)
    failures = iter([503])

    def before(method: str, path: str) -> int:
        return next(failures, 0) if method == "PATCH" else 0

    some.watched[0].before = before
    delivered = push(engine.archive, some.destinations(), How())
    assert len(set(results(delivered))) == 1
    assert engine.read == 2
    assert some.watched[1].count("PATCH") == 2, "the other registry has nothing to do with it"
    assert some.watched[0].count("PATCH") == 3
    assert layers(some.clients[0]) == [BASE, ONE, TWO]


def test_a_registry_that_is_down_does_not_stop_the_others(
    engine: Engine, registries: Callable[[int], Registries]
) -> None:
    some = registries(2)
    some.watched[0].before = lambda _method, _path: 503
    down, fine = push(engine.archive, some.destinations(), How())
    assert isinstance(down.error, TemporaryError)
    assert fine.result
    assert some.watched[0].registry.repositories() == []


def test_a_registry_that_forbids_is_asked_once(
    engine: Engine, registries: Callable[[int], Registries]
) -> None:
    some = registries(2)
    some.watched[1].before = lambda method, _path: 403 if method == "POST" else 0
    fine, refused = push(engine.archive, some.destinations(), How())
    assert fine.result
    assert isinstance(refused.error, CredentialsError)
    assert engine.read == 1


def test_a_tag_that_cannot_move_is_noticed_before_a_byte_is_sent(
    engine: Engine, registries: Callable[[int], Registries]
) -> None:
    some = registries(1)
    push(engine.archive, some.destinations(), How())
    other = Engine(docker_archive([TWO]), engine.store)
    (destination,) = some.destinations()
    frozen = Destination(destination.client, destination.address, ["v1"], "frozen", immutable=True)
    some.watched[0].asked.clear()
    (refused,) = push(other.archive, [frozen], How())
    assert isinstance(refused.error, PreconditionError)
    assert "its tags never move; nothing was sent" in refused.error.message
    assert some.watched[0].asked == ["GET /v2/shop/web/manifests/v1"]
    (same,) = push(engine.archive, [frozen], How())
    assert same.result, "the same digest is success"


@pytest.mark.parametrize("cut", [700_000, 7_000_000])
def test_a_damaged_archive_leaves_no_image(
    cut: int, tmp_path: Path, registries: Callable[[int], Registries]
) -> None:
    raw = docker_archive([BASE, ONE, TWO])
    engine = Engine(raw[:cut], Store(tmp_path / "store"))
    some = registries(2)
    with pytest.raises(CloudDeployError, match=r"the archive: member .* the archive ends"):
        push(engine.archive, some.destinations(), How())
    for watched in some.watched:
        assert watched.registry.manifests("shop/web") == []
    assert not [one.name for one in threading.enumerate() if one.name.startswith("push")]


class Refuses:
    """Does not like one word."""

    def __init__(self, word: bytes) -> None:
        self.word = word
        self.seen = b""

    def feed(self, plain: bytes) -> None:
        self.seen += plain

    def verdict(self, digest: str) -> None:
        if self.word in self.seen:
            raise PreconditionError(f"{digest} holds a secret", fix="take it out")


def test_a_layer_that_may_not_be_kept_is_never_committed(
    tmp_path: Path, registries: Callable[[int], Registries]
) -> None:
    bad = layer({"env": b"the-password" + random.Random(3).randbytes(5_000_000)})
    engine = Engine(docker_archive([bad]), Store(tmp_path / "store"))
    some = registries(1)

    def inspector(_: str) -> Inspector:
        return Refuses(b"the-password")

    with pytest.raises(PreconditionError, match="holds a secret"):
        push(engine.archive, some.destinations(), How(inspector=inspector))
    (watched,) = some.watched
    assert watched.count("PUT") == 0, "it may be on its way already, but nothing makes the registry keep it"
    assert watched.count("DELETE") == watched.count("PATCH"), "and what it has is given up"


def test_a_name_that_stands_for_something_else_is_noticed(
    engine: Engine, registries: Callable[[int], Registries]
) -> None:
    """Real engines name layers by content; one that did not would get another image's layer."""
    some = registries(1)
    members = docker_members([ONE])
    push(Engine(pack(members), engine.store).archive, some.destinations(), How())
    (name, _) = members[1]
    config, _, _ = docker_members([TWO])
    manifest = json.dumps([{"Config": config[0], "RepoTags": None, "Layers": [name]}]).encode()
    twisted = Engine(pack([config, (name, TWO), ("manifest.json", manifest)]), engine.store)
    with pytest.raises(TemporaryError, match="is not what it was under this name before"):
        push(twisted.archive, some.destinations(tag="v2"), How())
    (done,) = push(twisted.archive, some.destinations(tag="v2"), How())
    assert done.result
    assert layers(some.clients[0], tag="v2") == [TWO]


def test_the_wrong_platform_is_never_pushed(tmp_path: Path, registries: Callable[[int], Registries]) -> None:
    engine = Engine(docker_archive([ONE]), Store(tmp_path / "store"))
    archive = engine.archive
    other = Archive(archive.key, archive.name, archive.title, archive.store, archive.open, "linux/arm64")
    some = registries(1)
    with pytest.raises(CloudDeployError, match="shop/web is for linux/amd64, but linux/arm64 was asked for"):
        push(other, some.destinations(), How())
    assert some.watched[0].registry.manifests("shop/web") == []


def test_zstd_is_another_image_with_the_same_layers(
    engine: Engine, registries: Callable[[int], Registries]
) -> None:
    some = registries(1)
    (plain,) = push(engine.archive, some.destinations(tag="gz"), How())
    (packed,) = push(engine.archive, some.destinations(tag="zst"), How(compression="zstd"))
    assert plain.result
    assert packed.result
    assert plain.result.digest != packed.result.digest
    descriptor, body = some.clients[0].get_manifest("shop/web", "zst")
    document = parse_document(body, descriptor.media_type)
    assert isinstance(document, Manifest)
    assert {one.media_type for one in document.layers} == {"application/vnd.oci.image.layer.v1.tar+zstd"}


def test_the_last_build_is_known_by_its_digest_once_it_was_pushed(
    engine: Engine, registries: Callable[[int], Registries]
) -> None:
    note_built(engine.store, "shop/web", engine.archive.key)
    assert last_built(engine.store, "shop/web") is None
    (done,) = push(engine.archive, registries(1).destinations(), How())
    found = last_built(engine.store, "shop/web")
    assert found
    assert done.result
    assert found.manifest.digest == done.result.digest
