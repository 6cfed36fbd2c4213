"""gzip on all cores that gives the same bytes on any machine, and its opposite."""

from __future__ import annotations

import gzip
import hashlib
import random
import zlib

import pytest

from clouddeploy.images import compress
from clouddeploy.images.compress import BLOCK, GzipWriter, gunzip

SIZES = [0, 1, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7]


def sample(size: int) -> bytes:
    """Half noise, half repetition."""
    noise = random.Random(1).randbytes(5000)
    return (noise + b"the quick brown fox " * 250)[:10_000].ljust(1) * (size // 10_000 + 1) if size else b""


def packed(data: bytes, pieces: int = 100_000) -> bytes:
    out = bytearray()
    with GzipWriter(out.extend) as writer:
        for start in range(0, len(data), pieces):
            writer.write(data[start : start + pieces])
    return bytes(out)


@pytest.mark.parametrize("size", SIZES)
def test_any_gzip_reads_it(size: int) -> None:
    data = sample(size)[:size]
    assert gzip.decompress(packed(data)) == data


def test_the_size_of_the_writes_and_the_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    data = sample(3 * BLOCK)
    once = packed(data)
    assert packed(data, 7777) == once
    monkeypatch.setattr(compress, "_THREADS", 1)
    assert packed(data) == once


def test_blocks_use_what_stands_before_them() -> None:
    """Without the window each block would start from nothing."""
    data = random.Random(2).randbytes(30_000) * 80
    assert len(data) > 2 * BLOCK
    assert len(packed(data)) < len(zlib.compress(data, compress.LEVEL)) * 1.01


def test_nothing_of_the_machine_is_in_it() -> None:
    assert packed(b"x")[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def test_an_error_in_the_block_is_what_comes_out_of_it() -> None:
    out = bytearray()
    with pytest.raises(TypeError), GzipWriter(out.extend) as writer:
        writer.write("no bytes")  # type: ignore[arg-type]
    with pytest.raises(zlib.error):
        list(gunzip([bytes(out)]))


def test_an_error_of_the_sink_comes_through() -> None:
    def full(data: bytes) -> None:
        if len(data) > 100:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"), GzipWriter(full) as writer:
        writer.write(random.Random(3).randbytes(20 * BLOCK))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [1 << 10, 1 << 20])
def test_gunzip_gives_back_what_was_packed(size: int, piece: int) -> None:
    data = sample(size)[:size]
    raw = gzip.compress(data, mtime=0)
    pieces = (raw[start : start + piece] for start in range(0, len(raw), piece))
    assert b"".join(gunzip(pieces)) == data


def test_gunzip_reads_several_members() -> None:
    assert b"".join(gunzip([gzip.compress(b"one ") + gzip.compress(b"two")])) == b"one two"


def test_gunzip_gives_a_bomb_piece_by_piece() -> None:
    bomb = gzip.compress(bytes(50 * BLOCK))
    sizes = [len(part) for part in gunzip([bomb])]
    assert sum(sizes) == 50 * BLOCK
    assert max(sizes) <= BLOCK


@pytest.mark.parametrize(
    "damage", [b"", b"\x1f\x8b", gzip.compress(bytes(5000), mtime=0)[:-4], b"\x1f\x8b" + bytes(30)]
)
def test_gunzip_refuses_damage(damage: bytes) -> None:
    with pytest.raises(zlib.error):
        list(gunzip([damage]))


def test_a_wrong_checksum_is_found() -> None:
    raw = bytearray(gzip.compress(b"hello", mtime=0))
    raw[-5] ^= 1
    with pytest.raises(zlib.error, match="incorrect data check"):
        list(gunzip([bytes(raw)]))


def test_the_digest_of_a_known_input() -> None:
    """Changes with zlib's own compressor only; a change here gives every image another digest."""
    plain = hashlib.sha256(gzip.decompress(packed(sample(BLOCK)))).hexdigest()
    assert plain == hashlib.sha256(sample(BLOCK)).hexdigest()
