"""Deterministic compression on all cores: the same input gives the same bytes, however many threads work.

For gzip the input is cut into blocks of a fixed size. Each block is deflated on its own, primed with the
32 KiB before it, and ends on a byte boundary, so that the pieces join into one gzip member (RFC 1951,
RFC 1952). The header has no name and no time.

Layers that an engine made are deflated by ISA-L, several times as fast as zlib; on another kind of CPU it
may give other bytes. Layers that clouddeploy makes itself are small, and zlib gives the same bytes
everywhere (but not zlib-ng in its place).
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

BLOCK = 1 << 20
LEVEL = 4
"""Twice as fast as zlib's default of 6 for about 3 % more bytes, measured on libraries and source code."""

FAST_BLOCK = 1 << 19
FAST_LEVEL = 1
"""ISA-L's; its levels 2 and 3 take longer for hardly fewer bytes."""

ZSTD_LEVEL = 3
WINDOW = 1 << 26
"""Bytes that a zstd stream may ask to look back; zstd itself writes at most 8 MiB below --ultra."""

_WINDOW = 1 << 15
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_THREADS = min(os.cpu_count() or 1, 8)


class GzipWriter:
    """Compresses what is written to it into `sink`; leaving the `with` block ends the stream.

    An exception in the block leaves the stream unfinished. At most two blocks a thread are in memory.
    `fast` chooses ISA-L.
    """

    def __init__(self, sink: Callable[[bytes], object], *, fast: bool = False) -> None:
        self._sink = sink
        self._deflate = _deflate_fast if fast else _deflate
        self._block = FAST_BLOCK if fast else BLOCK
        self._buffer = bytearray()
        self._window = b""
        self._crc = 0
        self._size = 0
        self._waiting: deque[Future[bytes]] = deque()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="gzip")
        sink(_HEADER)

    def write(self, data: bytes) -> None:
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._buffer += data
        while len(self._buffer) > self._block:
            self._submit(bytes(self._buffer[: self._block]), last=False)
            del self._buffer[: self._block]

    def _submit(self, block: bytes, *, last: bool) -> None:
        self._waiting.append(self._pool.submit(self._deflate, block, self._window, last))
        self._window = block[-_WINDOW:]
        while len(self._waiting) > 2 * _THREADS or (last and self._waiting):
            self._sink(self._waiting.popleft().result())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._pool:
            if kind is None:
                self._submit(bytes(self._buffer), last=True)
                self._sink(struct.pack("<II", self._crc, self._size & 0xFFFFFFFF))
            else:
                self._pool.shutdown(wait=True, cancel_futures=True)


def _deflate(block: bytes, window: bytes, last: bool) -> bytes:
    method = (LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY)
    deflate = zlib.compressobj(*method, window) if window else zlib.compressobj(*method)
    return deflate.compress(block) + deflate.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


def _deflate_fast(block: bytes, window: bytes, last: bool) -> bytes:
    from isal import isal_zlib

    method = (FAST_LEVEL, isal_zlib.DEFLATED, -zlib.MAX_WBITS)
    deflate = isal_zlib.compressobj(*method, zdict=window) if window else isal_zlib.compressobj(*method)
    return deflate.compress(block) + deflate.flush(isal_zlib.Z_FINISH if last else isal_zlib.Z_SYNC_FLUSH)


class ZstdWriter:
    """As GzipWriter, but zstd (RFC 8878); its output depends on the library's version."""

    def __init__(self, sink: Callable[[bytes], object]) -> None:
        import zstandard

        # Any number of workers above 0 gives the same bytes (zstd.h, ZSTD_c_nbWorkers).
        compressor = zstandard.ZstdCompressor(ZSTD_LEVEL, threads=_THREADS, write_checksum=True)
        self._chunker = compressor.chunker(chunk_size=BLOCK)
        self._sink = sink

    def write(self, data: bytes) -> None:
        for piece in self._chunker.compress(data):
            self._sink(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for piece in self._chunker.finish():  # type: ignore[no-untyped-call]
                self._sink(piece)


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The plain bytes of a gzip stream of one or more members, at most BLOCK of them at a time.

    Raises zlib.error when the stream is damaged or cut off.
    """
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in chunks:
        rest, plain = chunk, b""
        while rest or (len(plain) == BLOCK and not inflate.eof):
            if inflate.eof:
                inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
            plain = inflate.decompress(rest, BLOCK)
            yield plain
            rest = inflate.unconsumed_tail or inflate.unused_data
    if not inflate.eof:
        raise zlib.error("the gzip stream is cut off")


def unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The plain bytes of a zstd stream of one or more frames, at most BLOCK of them at a time.

    Raises zlib.error, as `gunzip` does, when the stream is damaged, cut off, or asks for more
    than WINDOW bytes to look back.
    """
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW)
    source: Any = _Chunks(chunks)
    try:
        with decompressor.stream_reader(source, read_across_frames=True, closefd=False) as plain:
            while piece := plain.read(BLOCK):
                yield piece
    except zstandard.ZstdError as error:
        raise zlib.error(str(error)) from error


class _Chunks:
    """Chunks as something to read from, some at a time."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int) -> bytes:
        data = self._rest or next(self._chunks, b"")
        self._rest = data[size:]
        return data[:size]
