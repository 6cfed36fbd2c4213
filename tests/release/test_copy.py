"""Copies arrive whole, at every destination, and what could not be brought is said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, ConfigError, TemporaryError
from clouddeploy.images.layout import folder_image
from clouddeploy.images.remote import RemoteImage
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.push import Destination, How, push_image
from clouddeploy.release.copy import Place, copy_image, parse_destination
from tests.images.layouts import add_referrer, make_release, write_layout
from tests.oci.images import DirectorySource, make_image
from tests.oci.waits import Waits
from tests.push.conftest import Watched

WEB = "shop/web"


class Registries:
    """Watched registries on loopback, each with a client; `place` is a destination in one of them."""

    def __init__(self, stack: ExitStack, directory: Path, count: int = 3) -> None:
        self.watched = [Watched(OciRegistry(directory / f"r{n}", authorize=anonymous)) for n in range(count)]
        hosts = [stack.enter_context(Server(one)).host for one in self.watched]
        self.clients = [stack.enter_context(RegistryClient(host, retry=Waits().retry)) for host in hosts]

    def place(self, number: int, repository: str = WEB, tag: str = "v1") -> Place:
        client = self.clients[number]
        return Place(f"r{number}", Destination(client, f"{client.host}/{repository}", [tag]))

    def fill(self, number: int, source: DirectorySource, others: list[Descriptor]) -> RemoteImage:
        """Put an image and what refers to it into a registry."""
        client = self.clients[number]
        push_image(source, f"{client.host}/{WEB}", ["v1"], client)
        for one in others:
            referrer = DirectorySource(source.directory)
            referrer.manifest = one
            push_image(referrer, f"{client.host}/{WEB}", [], client)
        self.watched[number].asked.clear()
        return RemoteImage.find(client, WEB, "v1")

    def digests(self, number: int, repository: str = WEB) -> set[str]:
        return {one.digest for one in self.watched[number].registry.manifests(repository)}


@pytest.fixture
def registries(tmp_path: Path) -> Iterator[Registries]:
    with ExitStack() as stack:
        yield Registries(stack, tmp_path)


def everything(source: DirectorySource) -> set[str]:
    """The digests of all manifests that a source has."""
    files = {path.name.replace("-", ":"): path.read_bytes() for path in source.directory.iterdir()}
    return {digest for digest, body in files.items() if b"schemaVersion" in body}


def without_referrers_api(method: str, path: str) -> int:
    return 404 if "/referrers/" in path else 0


def test_from_a_layout_with_all_platforms_and_what_refers_to_them(
    registries: Registries, tmp_path: Path
) -> None:
    source, others = make_release(tmp_path / "release")
    layout = folder_image(write_layout(tmp_path / "layout", source, [source.manifest, *others]))
    [copied] = copy_image(layout, [registries.place(0)], How())
    assert copied.error is None
    assert copied.result
    assert copied.result.digest == source.manifest.digest
    assert copied.referrers == 2, "an SBOM, and the signature of the SBOM"
    assert registries.digests(0) == everything(source)
    assert len(everything(source)) == 6, "an index, two platforms, an attestation, an SBOM, a signature"
    [listed] = registries.clients[0].referrers(WEB, source.manifest.digest)
    assert listed.digest == others[0].digest


def test_from_a_registry_to_two_each_blob_is_read_once(registries: Registries, tmp_path: Path) -> None:
    source, others = make_release(tmp_path / "release")
    image = registries.fill(0, source, others)
    copied = copy_image(image, [registries.place(1), registries.place(2)], How())
    assert [(one.error, one.referrers) for one in copied] == [(None, 2), (None, 2)]
    assert registries.digests(1) == registries.digests(2) == everything(source)
    reads = Counter(one for one in registries.watched[0].asked if one.startswith("GET ") and "/blobs/" in one)
    assert set(reads.values()) == {1}
    assert len(reads) == len(list(source.directory.iterdir())) - len(everything(source))
    manifests = Counter(one for one in registries.watched[0].asked if "/manifests/sha256" in one)
    assert max(manifests.values()) <= 2


def test_a_referrer_of_one_platform_comes_along(registries: Registries, tmp_path: Path) -> None:
    source, _ = make_release(tmp_path / "release")
    child = json.loads(source.path(source.manifest.digest).read_bytes())["manifests"][1]
    signature = add_referrer(source, Descriptor.from_json(child), "application/vnd.example.signature")
    image = registries.fill(0, source, [signature])
    [copied] = copy_image(image, [registries.place(1)], How())
    assert copied.referrers == 1
    assert signature.digest in registries.digests(1)


def test_what_cosign_keeps_under_tags_of_its_own_comes_along(registries: Registries, tmp_path: Path) -> None:
    source, _ = make_release(tmp_path / "release")
    child = json.loads(source.path(source.manifest.digest).read_bytes())["manifests"][0]["digest"]
    image = registries.fill(0, source, [])
    client, tags = registries.clients[0], {}
    for number, (digest, kind) in enumerate([(source.manifest.digest, "sig"), (child, "att")]):
        attached = make_image(tmp_path / kind, layers=1, seed=10 + number)
        tags[f"{digest.replace(':', '-')}.{kind}"] = attached.manifest.digest
        push_image(attached, f"{client.host}/{WEB}", list(tags)[-1:], client)
    [copied] = copy_image(image, [registries.place(1)], How())
    assert (copied.error, copied.referrers) == (None, 2)
    found = {tag: registries.clients[1].head_manifest(WEB, tag) for tag in tags}
    assert {tag: one and one.digest for tag, one in found.items()} == tags


def test_where_there_is_no_referrers_api_a_tag_lists_them(registries: Registries, tmp_path: Path) -> None:
    source, others = make_release(tmp_path / "release")
    second = add_referrer(source, source.manifest, "application/vnd.example.signature")
    image = registries.fill(0, source, [*others, second])
    registries.watched[1].before = without_referrers_api
    for _ in range(2):
        [copied] = copy_image(image, [registries.place(1)], How())
        assert (copied.error, copied.referrers) == (None, 3)
        tag = source.manifest.digest.replace(":", "-")
        _, body = registries.clients[1].get_manifest(WEB, tag)
        listed = {one["digest"]: one for one in json.loads(body)["manifests"]}
        assert set(listed) == {others[0].digest, second.digest}, "each once, also the second time"
        assert listed[second.digest]["artifactType"] == "application/vnd.example.signature"
        assert listed[second.digest]["annotations"] == {"made.by": "a test"}

    registries.watched[1].asked.clear()
    again = RemoteImage.find(registries.clients[1], WEB, "v1")
    [onwards] = copy_image(again, [registries.place(2)], How())
    assert onwards.referrers == 3, "and from there they are found by the tag"


def test_a_referrer_that_fails_is_an_error_though_the_image_is_there(
    registries: Registries, tmp_path: Path
) -> None:
    source, others = make_release(tmp_path / "release")
    image = registries.fill(0, source, others)
    registries.watched[1].before = lambda method, path: (
        503 if method == "PUT" and path.endswith(others[0].digest) else 0
    )
    one, two = copy_image(image, [registries.place(1), registries.place(2)], How())
    assert one.result
    assert isinstance(one.error, TemporaryError)
    assert registries.watched[1].registry.find(WEB, "v1")
    assert (two.error, two.referrers) == (None, 2)


def test_a_source_that_loses_a_referrer_says_so_everywhere(registries: Registries, tmp_path: Path) -> None:
    source, others = make_release(tmp_path / "release")
    image = registries.fill(0, source, others)
    registries.watched[0].before = lambda _, path: 500 if path.endswith(others[0].digest) else 0
    copied = copy_image(image, [registries.place(1), registries.place(2)], How())
    assert all(one.result and isinstance(one.error, TemporaryError) for one in copied)


def test_within_a_registry_blobs_are_mounted(registries: Registries, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image", layers=3)
    image = registries.fill(0, source, [])
    [copied] = copy_image(image, [registries.place(0, "mirror/web")], How())
    assert copied.result
    assert (copied.result.mounted, copied.result.uploaded, copied.result.bytes_sent) == (4, 0, 0)
    assert registries.watched[0].count("GET", "/blobs/") == 0


def test_a_second_copy_is_one_request_and_reads_no_blob(registries: Registries, tmp_path: Path) -> None:
    image = registries.fill(0, make_image(tmp_path / "image"), [])
    copy_image(image, [registries.place(1)], How())
    registries.watched[0].asked.clear()
    [copied] = copy_image(RemoteImage.find(registries.clients[0], WEB, "v1"), [registries.place(1)], How())
    assert copied.result
    assert copied.result.unchanged
    assert copied.result.requests == 1
    assert registries.watched[0].count("GET", "/blobs/") == 0


def test_two_tags_of_one_repository_are_one_copy(registries: Registries, tmp_path: Path) -> None:
    image = registries.fill(0, make_image(tmp_path / "image", layers=3), [])
    copied = copy_image(image, [registries.place(1), registries.place(1, tag="latest")], How())
    assert [one.error for one in copied] == [None, None]
    assert registries.watched[1].registry.manifests(WEB)[0].tags == ("latest", "v1")
    assert registries.watched[1].count("PUT", "/blobs/uploads/") == 4


def test_one_destination_that_fails_does_not_stop_the_other(registries: Registries, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image")
    layout = folder_image(write_layout(tmp_path / "layout", source, [source.manifest]))
    registries.watched[0].before = lambda method, path: 403 if method == "POST" else 0
    missing = Place("aws shop/web:v1", error=ConfigError("no such account"))
    refused, never, arrived = copy_image(layout, [registries.place(0), missing, registries.place(1)], How())
    assert refused.error
    assert never.error is missing.error
    assert arrived.result
    assert registries.digests(0) == set()


def test_a_blob_that_a_layout_lacks_leaves_the_tag_alone(registries: Registries, tmp_path: Path) -> None:
    before = make_image(tmp_path / "before", seed=5)
    registries.fill(0, before, [])
    source = make_image(tmp_path / "image")
    root = write_layout(tmp_path / "layout", source, [source.manifest])
    victim = max((root / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    victim.unlink()
    copied = copy_image(folder_image(root), [registries.place(0), registries.place(1)], How())
    for one in copied:
        assert one.error
        assert f"sha256:{victim.name} cannot be read: No such file" in one.error.message
    found = registries.watched[0].registry.find(WEB, "v1")
    assert found
    assert found.digest == before.manifest.digest


def test_a_blob_with_other_bytes_never_arrives(registries: Registries, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image")
    root = write_layout(tmp_path / "layout", source, [source.manifest])
    victim = max((root / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    victim.write_bytes(victim.read_bytes()[:-1] + b"\0\0")
    [copied] = copy_image(folder_image(root), [registries.place(0)], How())
    assert copied.error
    assert "is not what its digest says" in copied.error.message
    assert registries.digests(0) == set()


def test_a_registry_that_serves_other_bytes_is_found_out(registries: Registries, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image")
    image = registries.fill(0, source, [])
    stored = [path for path in (tmp_path / "r0").rglob("*") if path.is_file()]
    victim = max(stored, key=lambda path: path.stat().st_size)
    victim.write_bytes(bytes(victim.stat().st_size))
    [copied] = copy_image(image, [registries.place(1)], How())
    assert copied.error
    assert registries.digests(1) == set()


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("oci:build/out", "is no registry", "write HOST/PATH:TAG"),
        ("docker-daemon:web", "is no registry", "write HOST/PATH:TAG"),
        ("aws", "does not say where to copy to", "write HOST/PATH:TAG, or for a target: --to aws"),
        (f"ghcr.io/acme/web@sha256:{'1' * 64}", "has a digest", "name the destination by a tag"),
        ("GHCR.io/Acme/web", "is not an image reference", "write it as"),
    ],
)
def test_what_is_no_destination(text: str, message: str, fix: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_destination(text)
    assert (caught.value.fix or "").startswith(fix)


def test_a_destination_without_a_tag_is_latest_as_for_docker() -> None:
    assert str(parse_destination("docker://ghcr.io/acme/web")) == "ghcr.io/acme/web:latest"


def test_a_trap_of_referrers_ends(
    registries: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clouddeploy.release.referrers._MOST", 4)
    source = make_image(tmp_path / "image")
    others = [add_referrer(source, source.manifest, f"text/{number}") for number in range(6)]
    layout = folder_image(write_layout(tmp_path / "layout", source, [source.manifest, *others]))
    [copied] = copy_image(layout, [registries.place(0)], How())
    assert isinstance(copied.error, CloudDeployError)
    assert "more than 4 manifests refer to the image" in copied.error.message
    assert copied.result
