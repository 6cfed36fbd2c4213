"""Archives of engines become images of the store; hostile ones are refused by member."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from typing import Any

import pytest
import zstandard

from clouddeploy.errors import CloudDeployError
from clouddeploy.images import archive
from clouddeploy.images.assemble import import_archive
from clouddeploy.images.manifest import config_of, parse_image
from clouddeploy.images.shelf import Memory
from clouddeploy.images.store import Store
from clouddeploy.oci.descriptor import Descriptor
from tests.images.archives import (
    config,
    descriptor,
    docker_archive,
    docker_members,
    layer,
    link,
    oci_members,
    pack,
    sha256,
)

ONE, TWO = layer({"bin/one": b"1" * 3000}), layer({"two": b"2"})
EMPTY = tarfile.NUL * 1024


def load(store: Store, raw: bytes, platform: str = "linux/amd64") -> Descriptor:
    return import_archive(io.BytesIO(raw), store, "the archive", platform=platform)


def plain_layers(store: Store, manifest: Descriptor) -> list[bytes]:
    return [gzip.decompress(store.read(each.digest)) for each in parse_image(store, manifest).layers]


def refusal(store: Store, members: list[tuple[str, Any]]) -> str:
    with pytest.raises(CloudDeployError) as caught:
        load(store, pack(members))
    assert caught.value.fix
    assert caught.value.message.startswith("the archive: member ")
    return caught.value.message.removeprefix("the archive: member ")


def test_a_docker_archive(store: Store) -> None:
    manifest = load(store, docker_archive([ONE, TWO]))

    assert manifest.media_type == "application/vnd.oci.image.manifest.v1+json"
    assert plain_layers(store, manifest) == [ONE, TWO]
    assert config_of(store, manifest) == config([ONE, TWO]), "byte for byte: its digest is the image's ID"
    media_types = {each.media_type for each in parse_image(store, manifest).layers}
    assert media_types == {"application/vnd.oci.image.layer.v1.tar+gzip"}


def test_the_same_image_always_gives_the_same_digest(store: Store, tmp_path: Any) -> None:
    first = load(store, docker_archive([ONE, TWO]))
    podman: list[tuple[str, Any]] = [(f"{sha256(each)}.tar", each) for each in (ONE, TWO)]
    body = config([ONE, TWO])
    named: Any = [{"Config": "c.json", "Layers": [name for name, _ in podman]}]
    members: list[tuple[str, Any]] = [
        ("manifest.json", json.dumps(named).encode()),
        *podman,
        ("c.json", body),
    ]
    again = pack(members)

    assert load(Store(tmp_path / "other"), again) == first
    assert load(store, pack(oci_members([ONE, TWO], pressed=False))) == first


def test_a_layer_that_is_a_link_to_another(store: Store) -> None:
    """Docker before version 25 writes a repeated layer as a symbolic link."""
    body = config([ONE, ONE])
    manifest = [{"Config": "c.json", "Layers": ["aa/layer.tar", "bb/layer.tar"]}]
    members: list[tuple[str, Any]] = [
        link("bb/layer.tar", "../aa/layer.tar"),
        ("aa/layer.tar", ONE),
        ("c.json", body),
        ("manifest.json", json.dumps(manifest).encode()),
    ]
    assert plain_layers(store, load(store, pack(members))) == [ONE, ONE]


def test_an_empty_layer(store: Store) -> None:
    assert plain_layers(store, load(store, docker_archive([EMPTY, ONE]))) == [EMPTY, ONE]


def test_an_image_without_layers(store: Store) -> None:
    assert plain_layers(store, load(store, docker_archive([]))) == []


def test_an_oci_archive_keeps_its_compressed_layers(store: Store) -> None:
    manifest = load(store, pack(oci_members([ONE, TWO])))
    digests = [each.digest for each in parse_image(store, manifest).layers]
    assert digests == [f"sha256:{sha256(gzip.compress(each, mtime=0))}" for each in (ONE, TWO)]


def test_docker_25_writes_both_layouts_at_once(store: Store) -> None:
    members = oci_members([ONE], pressed=False)
    body = f"blobs/sha256/{sha256(config([ONE]))}"
    docker = [{"Config": body, "RepoTags": None, "Layers": [f"blobs/sha256/{sha256(ONE)}"]}]
    raw = pack([*members, ("manifest.json", json.dumps(docker).encode())])
    assert load(store, raw) == load(store, docker_archive([ONE]))


def test_a_zstd_layer_is_kept_as_it_is(store: Store) -> None:
    pressed = zstandard.compress(ONE)
    found = parse_image(store, load(store, pack(zstd_members(pressed)))).layers[0]
    assert (found.media_type[-4:], found.digest) == ("zstd", f"sha256:{sha256(pressed)}")


@pytest.mark.parametrize(
    "damaged", [zstandard.compress(ONE)[:-9], zstandard.compress(ONE)[:9] + b"x" * 90], ids=["cut", "wrong"]
)
def test_a_damaged_zstd_layer(damaged: bytes, store: Store) -> None:
    assert refusal(store, zstd_members(damaged))


def test_a_zstd_layer_of_something_else_than_the_config_says(store: Store) -> None:
    assert "but the config says" in refusal(store, zstd_members(zstandard.compress(TWO)))


def zstd_members(pressed: bytes) -> list[tuple[str, Any]]:
    name = f"blobs/sha256/{sha256(pressed)}"
    manifest = [{"Config": "c.json", "Layers": [name]}]
    return [(name, pressed), ("c.json", config([ONE])), ("manifest.json", json.dumps(manifest).encode())]


def test_the_platform_chooses_from_an_index(store: Store) -> None:
    amd, arm = oci_members([ONE]), oci_members([TWO])
    entries = [json.loads(each[-1][1])["manifests"][0] for each in (amd, arm)]
    entries[1]["platform"]["architecture"] = "arm64"
    nested = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    name = f"blobs/sha256/{sha256(nested)}"
    index = {"schemaVersion": 2, "manifests": [descriptor("application/vnd.oci.image.index.v1+json", nested)]}
    raw = pack([*amd[:-1], *arm[:-2], (name, nested), ("index.json", json.dumps(index).encode())])

    assert plain_layers(store, load(store, raw, "linux/arm64")) == [TWO]
    assert plain_layers(store, load(store, raw, "linux/amd64")) == [ONE]
    with pytest.raises(
        CloudDeployError, match="it has linux/amd64, linux/arm64, and not exactly one image for linux/s390x"
    ):
        load(store, raw, "linux/s390x")


def test_attestations_are_passed_over(store: Store) -> None:
    members = oci_members([ONE])
    index = json.loads(members[-1][1])
    note = b'{"attested": true}'
    entry = {
        **descriptor("application/vnd.oci.image.manifest.v1+json", note),
        "platform": {"os": "unknown", "architecture": "unknown"},
    }
    index["manifests"].append(entry)
    raw = pack(
        [*members[:-1], (f"blobs/sha256/{sha256(note)}", note), ("index.json", json.dumps(index).encode())]
    )
    assert plain_layers(store, load(store, raw)) == [ONE]


def test_a_known_layer_is_not_compressed_again(store: Store) -> None:
    load(store, pack(oci_members([ONE], pressed=False)))
    known = Memory(store, "gzip").recall(f"blobs/sha256/{sha256(ONE)}")
    assert known
    assert known.diff_id == f"sha256:{sha256(ONE)}"

    before = {path.name: path.stat().st_mtime_ns for path in (store.root / "blobs/sha256").iterdir()}
    load(store, pack(oci_members([ONE], pressed=False)))
    name = known.blob.digest.partition(":")[2]
    assert (store.root / "blobs/sha256" / name).stat().st_mtime_ns == before[name]


def test_bytes_are_counted(store: Store) -> None:
    counted: list[int] = []
    import_archive(io.BytesIO(docker_archive([ONE])), store, "it", on_bytes=counted.append)
    assert sum(counted) > len(ONE)


# What is refused. Nothing is tagged, and no manifest is written.


def test_no_image_archive_at_all(store: Store) -> None:
    assert refusal(store, [("readme", b"hello")]).startswith(
        "'manifest.json': it is missing, and so is index.json"
    )


def test_two_images_at_once(store: Store) -> None:
    assert (
        refusal(store, [("manifest.json", b"[{}, {}]")])
        == "'manifest.json': it does not describe exactly one image"
    )


@pytest.mark.parametrize("body", [b"[{}]", b'[{"Config": 1}]', b'[{"Config": "c", "Layers": [1]}]'])
def test_a_manifest_without_config_or_layers(store: Store, body: bytes) -> None:
    assert refusal(store, [("manifest.json", body)]) == "'manifest.json': it has no Config and Layers"


@pytest.mark.parametrize("body", [b"not json", b"[" * 100_000, b"\xff\xfe", b""])
def test_a_manifest_that_is_no_json(store: Store, body: bytes) -> None:
    assert refusal(store, [("manifest.json", body)]) == "'manifest.json': it is not JSON"


def test_a_manifest_of_many_megabytes(store: Store) -> None:
    body = b"[" + b" " * (archive.MAX_DOCUMENT + 1) + b"]"
    assert refusal(store, [("manifest.json", body)]) == "'manifest.json': it is too large for what it is"


def test_documents_without_end_are_not_kept(store: Store) -> None:
    many = [(f"{number}.json", b"{}".ljust(archive.MAX_DOCUMENT)) for number in range(8)]
    assert refusal(store, [*many, *docker_members([ONE])]).endswith("it is too large for what it is")


def test_a_missing_config(store: Store) -> None:
    members = docker_members([ONE])[1:]
    assert refusal(store, members).endswith("it is named, but it is missing or is no JSON")


def test_a_missing_layer(store: Store) -> None:
    members = docker_members([ONE])
    assert (
        refusal(store, [members[0], members[2]])
        == f"{members[1][0]!r}: it is named as a layer, but it is missing"
    )


def test_a_layer_that_is_no_tar(store: Store) -> None:
    assert refusal(store, docker_members([b"x" * 2000], config([b"x" * 2000]))).endswith("it is no layer tar")


def test_a_layer_with_another_digest(store: Store) -> None:
    members = docker_members([ONE], config([TWO]))
    assert (
        f"layer 1 has the digest sha256:{sha256(ONE)}, but the config says sha256:{sha256(TWO)}"
        in refusal(store, members)
    )


def test_fewer_layers_than_the_config_says(store: Store) -> None:
    assert refusal(store, docker_members([ONE], config([ONE, TWO]))).endswith(
        "its rootfs has 2 layers, the manifest 1"
    )


def test_a_blob_under_a_foreign_name(store: Store) -> None:
    members = [
        (name, TWO if content == ONE else content) for name, content in oci_members([ONE], pressed=False)
    ]
    name = f"blobs/sha256/{sha256(ONE)}"
    assert refusal(store, members) == f"{name!r}: its content has the digest sha256:{sha256(TWO)}"


def test_a_config_under_a_foreign_name(store: Store) -> None:
    name = f"blobs/sha256/{'0' * 64}"
    assert refusal(store, [(name, b"{}")]) == f"{name!r}: its content has the digest sha256:{sha256(b'{}')}"


def test_a_known_layer_name_with_other_content(store: Store) -> None:
    load(store, pack(oci_members([ONE], pressed=False)))
    name = f"blobs/sha256/{sha256(ONE)}"
    assert refusal(store, [(name, TWO)]) == f"{name!r}: its content has the digest sha256:{sha256(TWO)}"


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_gzip(store: Store, damage: str) -> None:
    raw = gzip.compress(ONE, mtime=0)
    bad = raw[:-4] if damage == "cut" else raw[:-5] + bytes([raw[-5] ^ 1]) + raw[-4:]
    assert "its gzip data is damaged" in refusal(store, [("aa/layer.tar", bad)])


def test_a_bomb(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_RATIO_FROM", 1 << 20)
    bomb = gzip.compress(bytes(10 << 20))
    assert (
        refusal(store, [("aa/layer.tar", bomb)])
        == "'aa/layer.tar': it unpacks to more than 300 times its size"
    )


def test_links_in_a_circle(store: Store) -> None:
    members = [link("a", "b"), link("b", "a"), ("manifest.json", b'[{"Config": "a", "Layers": []}]')]
    assert refusal(store, members) == "'a': its links go in a circle"


def test_too_many_layers(store: Store) -> None:
    body = config([EMPTY] * 501)
    manifest = [{"Config": "c.json", "Layers": ["l"] * 501}]
    members = [("l", EMPTY), ("c.json", body), ("manifest.json", json.dumps(manifest).encode())]
    assert refusal(store, members) == "'c.json': the image has more than 500 layers"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "is no image config: os, architecture and rootfs.diff_ids are required"),
        (b"[]", "is not a JSON object"),
        (b"{", "is not JSON"),
        (
            b'{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["x"]}}',
            "has a diff_id that is no digest",
        ),
    ],
)
def test_configs_that_are_none(store: Store, body: bytes, why: str) -> None:
    members = [("c.json", body), ("manifest.json", b'[{"Config": "c.json", "Layers": []}]')]
    assert refusal(store, members) == f"'c.json' {why}"


@pytest.mark.parametrize(
    "index", [b"{}", b'{"manifests": 1}', b'{"manifests": [{}]}', b'{"manifests": []}', b"[]"]
)
def test_an_index_that_is_none(store: Store, index: bytes) -> None:
    assert "index.json" in refusal(store, [("index.json", index)])


def test_nothing_is_written_outside_the_store(store: Store, tmp_path: Any) -> None:
    refusal(store, [("../../evil", b"x"), *docker_members([ONE])])
    assert [path.name for path in tmp_path.iterdir()] in ([], ["store"])


_BIG = """
import sys
from pathlib import Path
from clouddeploy.images.assemble import import_archive
from clouddeploy.images.shelf import Memory
from clouddeploy.images.store import Store

store = Store(Path(sys.argv[1]))
manifest = import_archive(sys.stdin.buffer, store, "it")
status = Path("/proc/self/status").read_text()
print(manifest.digest, status.split("VmHWM:")[1].split()[0])
"""


@pytest.mark.timeout(90)
def test_a_layer_of_300_mb_needs_little_memory(store: Store) -> None:
    chunk = (bytes(range(256)) * 4096)[: 1 << 20]
    info = tarfile.TarInfo("big")
    info.size = 300 << 20
    head, tail = info.tobuf(tarfile.USTAR_FORMAT), bytes(1024)
    plain = hashlib.sha256(head)
    for _ in range(300):
        plain.update(chunk)
    plain.update(tail)
    size = len(head) + info.size + len(tail)
    body = json.dumps(
        {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [f"sha256:{plain.hexdigest()}"]}}
    ).encode()
    outer = tarfile.TarInfo("aa/layer.tar")
    outer.size = size
    rest = pack([("c.json", body), ("manifest.json", b'[{"Config": "c.json", "Layers": ["aa/layer.tar"]}]')])

    with subprocess.Popen(
        [sys.executable, "-c", _BIG, store.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False
    ) as process:
        assert process.stdin
        assert process.stdout
        for part in (outer.tobuf(tarfile.USTAR_FORMAT), head, *[chunk] * 300, tail, bytes(-size % 512), rest):
            process.stdin.write(part)
        process.stdin.close()
        digest, peak = process.stdout.read().split()
    assert process.returncode == 0
    assert store.has(digest.decode())
    assert int(peak) < 100 * 1024, "kilobytes of peak memory"
