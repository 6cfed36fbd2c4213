"""A layer is looked through while it streams by: in any pieces, within bounds, whatever is in it."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import tracemalloc

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddeploy.errors import CloudDeployError
from clouddeploy.images.leaks import LayerScanner, scan_layer
from clouddeploy.images.leaks.tarpush import MAX_FILE
from tests.images.leaks.samples import PASSWORD, TOKENS, layer, pem
from tests.images.leaks.scanning import DIGEST, scan, scan_bytes

TOKEN = TOKENS["GitHub token"].encode()
OCI = "application/vnd.oci.image.layer.v1.tar"
KEY = pem("ec").encode()

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=160)
contents = st.binary(max_size=3000)
formats = st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])


def said_of(data: bytes, piece: int) -> str:
    """What a person reads about a layer: its findings, or the error that says what is wrong with it."""
    try:
        return "\n".join(map(str, scan_bytes(data, piece)))
    except CloudDeployError as error:
        return f"{error} fix: {error.fix}"


@given(st.lists(st.tuples(names, contents), max_size=6), formats, st.integers(1, 3000), st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_any_split_of_any_layer_gives_the_planted_secret(
    files: list[tuple[str, bytes]], form: int, piece: int, where: int
) -> None:
    files.insert(where, ("app/conf", b"a\n" * 700 + b"token: " + TOKEN + b"\n"))
    whole = scan_bytes(layer(files, form), 1 << 20)
    assert scan_bytes(layer(files, form), piece) == whole
    assert [(one.kind, one.line) for one in whole if one.path == "app/conf"] == [("GitHub token", 701)]


@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=600), st.integers(1, 5000))
@settings(max_examples=150, deadline=None)
def test_a_damaged_layer_is_an_error_or_scanned_and_never_a_crash(at: int, noise: bytes, piece: int) -> None:
    data = layer([("a" * 150, TOKEN), ("app/key", KEY), ("b", b"x" * 4000)], tarfile.PAX_FORMAT)
    at %= len(data)
    assert TOKEN.decode() not in said_of(data[:at] + noise + data[at + len(noise) :], piece)


@given(st.binary(max_size=4000))
@settings(max_examples=60, deadline=None)
def test_bytes_that_are_no_tar_are_an_error_at_worst(data: bytes) -> None:
    assert said_of(data, 700).startswith("a layer is damaged") or not any(data[:512])


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_paths_are_named_in_full(form: int) -> None:
    path = "/".join(["folder" * 5] * 5) + "/settings.py"
    assert [one.path for one in scan_bytes(layer([(path, TOKEN)], form))] == [path]


def test_binary_and_large_files_are_passed_over() -> None:
    large = b"x\n" * (MAX_FILE // 2) + TOKEN
    assert scan([("program", b"\x7fELF\0\0" + TOKEN), ("dump.sql", large), ("after", b"")]) == []


def test_a_file_of_exactly_the_limit_is_read() -> None:
    content = TOKEN.rjust(MAX_FILE, b"\n")
    assert [one.line for one in scan_bytes(layer([("edge", content)]), 4096)] == [MAX_FILE - len(TOKEN) + 1]


def test_links_and_folders_have_no_content_whatever_their_size_says() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname, link.size = tarfile.SYMTYPE, "app", 5000
        archive.addfile(link)
        header = tarfile.TarInfo("app")
        header.size = len(TOKEN)
        archive.addfile(header, io.BytesIO(TOKEN))
    assert [one.path for one in scan_bytes(buffer.getvalue())] == ["app"]


def test_sparse_files_of_many_pieces_are_passed_over() -> None:
    sparse = bytearray(layer([("sparse", b"x" * 1500)])[: 512 + 1536])
    sparse[156:157], sparse[482] = tarfile.GNUTYPE_SPARSE, 1
    more = bytes(504) + b"\1" + bytes(7), bytes(512)
    sparse[148:156] = b"%06o\0 " % (sum(sparse[:148]) + sum(sparse[156:512]) + 8 * 32)
    data = bytes(sparse[:512]) + more[0] + more[1] + bytes(sparse[512:]) + layer([("app", TOKEN)])
    for piece in (1 << 18, 700):
        assert [one.path for one in scan_bytes(data, piece)] == ["app"]


@pytest.mark.parametrize("cut", [100, 600, 1000])
def test_a_layer_that_is_cut_off_is_an_error(cut: int) -> None:
    with pytest.raises(CloudDeployError, match="ends in the middle"):
        scan_bytes(layer([("app/conf", b"x" * 900)])[:cut])


def test_memory_does_not_grow_with_the_layer() -> None:
    scanner = LayerScanner()
    one = layer([(f"f{number}", b"word " * 3000) for number in range(40)])[:-10240]
    tracemalloc.start()
    for _ in range(60):
        scanner.feed(one)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(one) < 60 * len(one)


def test_findings_are_limited() -> None:
    files = [(f"app/{number}", TOKEN[:-4] + b"%04d" % number) for number in range(150)]
    assert len(scan(files)) == 100


@pytest.mark.parametrize("kind", ["", "+gzip", "+zstd"])
def test_stored_layers_are_unpacked_on_the_way(kind: str) -> None:
    data = layer([("app/conf", TOKEN)])
    packed = {"": data, "+gzip": gzip.compress(data), "+zstd": zstandard.compress(data)}[kind]
    (found,) = scan_layer(io.BytesIO(packed), OCI + kind, DIGEST)
    assert (found.layer, found.path) == (DIGEST, "app/conf")


def test_gzip_and_zstd_streams_of_several_members_are_one_layer() -> None:
    data = layer([("first", b"x" * 900), ("app/conf", TOKEN)])
    halves = data[:700], data[700:]
    docker = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    packed = b"".join(map(gzip.compress, halves))
    assert [one.path for one in scan_layer(io.BytesIO(packed), docker, DIGEST)] == ["app/conf"]
    packed = b"".join(map(zstandard.compress, halves))
    assert [one.path for one in scan_layer(io.BytesIO(packed), f"{OCI}+zstd", DIGEST)] == ["app/conf"]


@pytest.mark.parametrize("kind", ["+gzip", "+zstd"])
@pytest.mark.parametrize("damage", ["cut", "noise"])
def test_a_damaged_blob_is_an_error(kind: str, damage: str) -> None:
    pack = gzip.compress if kind == "+gzip" else zstandard.compress
    packed = pack(layer([("a", random.Random(1).randbytes(400_000))]))
    packed = packed[:-30] if damage == "cut" else b"no archive" + packed
    with pytest.raises(CloudDeployError, match=r"damaged|ends in the middle"):
        scan_layer(io.BytesIO(packed), OCI + kind, DIGEST)


def test_a_blob_that_is_no_layer_has_no_findings() -> None:
    assert scan_layer(io.BytesIO(TOKEN), "application/vnd.cncf.helm.chart.content.v1", DIGEST) == []


def test_a_fingerprint_survives_a_rebuild_but_not_another_secret() -> None:
    other = TOKENS["npm token"].encode()
    before, moved, changed = (scan([("app", text)])[0] for text in (TOKEN, b"\n\n" + TOKEN, other))
    assert before.fingerprint == moved.fingerprint != changed.fingerprint


def test_a_passwords_fingerprint_does_not_depend_on_the_password() -> None:
    texts = (f"DB_PASSWORD={PASSWORD}", "DB_PASSWORD=Another-pX8")
    first, second = (scan([(".env", text.encode())])[0] for text in texts)
    assert first.fingerprint == second.fingerprint


def test_a_path_cannot_write_to_the_terminal_nor_repeat_the_secret() -> None:
    (found,) = scan([(f"app/\x1b[2J{TOKEN.decode()}", TOKEN)])
    assert found.path == r"app/\x1b[2J…"
