"""The store is an OCI image layout that many processes may write to at once."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clouddeploy.errors import CloudDeployError, NotFoundError, PreconditionError
from clouddeploy.images.store import Image, Store
from clouddeploy.oci.descriptor import Descriptor
from tests.images.archives import sha256

TEXT = "text/plain"


def test_a_blob_is_found_by_its_digest(store: Store) -> None:
    descriptor = store.add_bytes(b"hello", TEXT)

    assert descriptor == Descriptor(TEXT, f"sha256:{sha256(b'hello')}", 5)
    assert store.has(descriptor.digest)
    with store.open(descriptor.digest) as blob:
        assert blob.read() == b"hello"


def test_it_is_an_oci_image_layout(store: Store) -> None:
    descriptor = store.add_bytes(b"{}", "application/vnd.oci.image.manifest.v1+json")
    store.tag("shop/web", descriptor)

    assert json.loads((store.root / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((store.root / "index.json").read_text())
    assert index["schemaVersion"] == 2
    assert index["manifests"] == [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": descriptor.digest,
            "size": 2,
            "annotations": {"org.opencontainers.image.ref.name": "shop/web"},
        }
    ]
    assert (store.root / "blobs" / "sha256" / sha256(b"{}")).read_bytes() == b"{}"


def test_a_name_means_what_it_was_given_last(store: Store) -> None:
    first, second = store.add_bytes(b"1", TEXT), store.add_bytes(b"2", TEXT)
    store.tag("shop/web", first)
    store.tag("shop/api", first)
    store.tag("shop/web", second)

    assert store.find("shop/web") == second
    assert store.find("shop/api") == first
    assert store.find("shop/worker") is None


def test_an_empty_store_finds_nothing_and_makes_nothing(store: Store) -> None:
    assert store.find("shop/web") is None
    assert not store.has(f"sha256:{'0' * 64}")
    assert not store.root.exists()


def test_a_blob_that_is_not_there(store: Store) -> None:
    digest = f"sha256:{'0' * 64}"
    with pytest.raises(NotFoundError, match=f"has no blob {digest}") as caught:
        store.open(digest)
    assert caught.value.fix == "build the image again: clouddeploy build"


@pytest.mark.parametrize("digest", ["sha256:../../etc/passwd", "md5:abc", "", "sha256:" + "A" * 64])
def test_only_digests_lead_to_files(store: Store, digest: str) -> None:
    with pytest.raises(ValueError, match="is not a sha256"):
        store.has(digest)


def test_what_is_not_committed_leaves_nothing_behind(store: Store) -> None:
    with store.writer() as writer:
        writer.write(b"half of it")

    assert list((store.root / "ingest").iterdir()) == []
    assert list((store.root / "blobs" / "sha256").iterdir()) == []


def test_a_writer_says_size_and_digest(store: Store) -> None:
    with store.writer() as writer:
        writer.write(b"hello ")
        writer.write(b"world")
        assert writer.commit() == (f"sha256:{sha256(b'hello world')}", 11)


def test_leftovers_of_killed_writers_go_after_a_day(store: Store) -> None:
    store.add_bytes(b"x", TEXT)
    old, fresh = store.root / "ingest" / "old", store.root / "ingest" / "fresh"
    old.touch()
    fresh.touch()
    os.utime(old, (0, time.time() - 100_000))

    store.sweep()

    assert list((store.root / "ingest").iterdir()) == [fresh]


def test_an_image_is_a_source_of_its_blobs(store: Store) -> None:
    manifest = store.add_bytes(b"{}", TEXT)
    image = Image(store, manifest)

    assert image.manifest == manifest
    with image.open(manifest.digest) as blob:
        assert blob.read() == b"{}"


def test_what_is_remembered_is_forgotten_with_its_blob(store: Store) -> None:
    key, value = f"sha256:{'1' * 64}", store.add_bytes(b"value", TEXT)
    assert store.recall("layers", key) is None
    store.remember("layers", key, value)
    assert store.recall("layers", key) == value

    (store.root / "blobs" / value.digest.replace(":", "/")).unlink()
    assert store.recall("layers", key) is None


def test_damaged_notes_are_as_good_as_none(store: Store) -> None:
    key = f"sha256:{'1' * 64}"
    store.remember("layers", key, store.add_bytes(b"value", TEXT))
    (store.root / "derived" / "layers" / ("1" * 64)).write_text("not json")
    assert store.recall("layers", key) is None


@pytest.mark.parametrize("body", ["[]", "{}", "{", '{"manifests": [{"digest": "sha256:1"}]}', "1"])
def test_a_damaged_index(store: Store, body: str) -> None:
    store.add_bytes(b"x", TEXT)
    (store.root / "index.json").write_text(body)
    with pytest.raises(CloudDeployError, match=r"index\.json is not an OCI image index") as caught:
        store.find("shop/web")
    assert caught.value.fix == f"delete the image store: rm -r {store.root}"


def _tag_many(root: Path, worker: int) -> None:
    store = Store(root)
    for number in range(10):
        store.tag(f"app/{worker}-{number}", store.add_bytes(b"%d %d" % (worker, number), TEXT))


def test_concurrent_processes_lose_no_name(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_tag_many, args=(store.root, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(100)

    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    for name in range(3):
        for number in range(10):
            found = store.find(f"app/{name}-{number}")
            assert found
            assert store.read(found.digest) == b"%d %d" % (name, number)
    assert list((store.root / "ingest").iterdir()) == []


_FILL = """
import resource, sys
from pathlib import Path
from clouddeploy.errors import CloudDeployError
from clouddeploy.images.store import Store
store = Store(Path(sys.argv[1]))
store.add_bytes(b"small", "text/plain")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.add_bytes(bytes(300_000), "text/plain")
except CloudDeployError as error:
    print(type(error).__name__, error.message, error.fix, sep="|")
"""


def test_a_full_disk(store: Store) -> None:
    """A limit on file sizes fails writes just as a full disk does."""
    assert resource.RLIMIT_FSIZE
    ran = subprocess.run(
        [sys.executable, "-c", _FILL, store.root], capture_output=True, text=True, check=True
    )
    kind, message, fix = ran.stdout.strip().split("|")
    assert kind == "CloudDeployError"
    assert message == f"no space left for the image store {store.root}"
    assert fix == "free some space there, or set CLOUDDEPLOY_CACHE to a folder on a bigger disk"
    assert list((store.root / "ingest").iterdir()) == []


def test_a_folder_that_may_not_be_written_to() -> None:
    store = Store(Path("/proc/clouddeploy"))
    with pytest.raises(PreconditionError) as caught:
        store.add_bytes(b"x", TEXT)
    assert caught.value.message.startswith("cannot write to the image store /proc/clouddeploy: ")
    assert caught.value.fix == "set CLOUDDEPLOY_CACHE to a folder that you may write to"


def test_where_the_store_is_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Store.default().root == tmp_path / "home" / ".cache" / "clouddeploy" / "images"
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert Store.default().root == Path("/x/clouddeploy/images")
    monkeypatch.setenv("CLOUDDEPLOY_CACHE", "/own")
    assert Store.default().root == Path("/own/images")


@pytest.mark.live
@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
def test_skopeo_reads_it(store: Store) -> None:
    from clouddeploy.images.manifest import add_manifest
    from tests.images.archives import config

    manifest = add_manifest(store, config([]), [])
    store.tag("shop/web", manifest)

    ran = subprocess.run(
        ["skopeo", "inspect", "--raw", f"oci:{store.root}:shop/web"], capture_output=True, check=True
    )
    assert f"sha256:{sha256(ran.stdout)}" == manifest.digest
