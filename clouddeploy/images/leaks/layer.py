"""Secrets in a layer, looked for in its plain bytes while they go by, or in a stored blob."""

from __future__ import annotations

import bisect
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator

from clouddeploy.errors import CloudDeployError
from clouddeploy.images.leaks.detector import Detector
from clouddeploy.images.leaks.finding import Finding, Match, finding
from clouddeploy.images.leaks.formats import may_be_named
from clouddeploy.images.leaks.tarpush import Batch, File, TarReader
from clouddeploy.images.tarstream import Readable

MAX_FINDINGS = 100
"""How many secrets of one layer are told of."""
PIECE = 1 << 18
MAX_WINDOW = 1 << 26
"""Bytes that a zstd stream may ask to look back; zstd itself writes at most 8 MiB below --ultra."""


class LayerScanner:
    """Is given a layer's plain tar bytes in pieces of any size, from one thread at a time.

    What it keeps is bounded: a file of at most 1 MiB and the piece it is given. A larger file, and one
    that is not text, is passed over.
    """

    def __init__(self) -> None:
        self._reader = TarReader()
        self._detector = Detector()
        self._found: list[tuple[str, int, str, Match]] = []

    def feed(self, data: bytes) -> None:
        """Look into the next bytes; CloudDeployError when they are no tar."""
        batch = self._reader.feed(data)
        if batch is None or len(self._found) >= MAX_FINDINGS:
            return
        for file, rules in self._candidates(batch).items():
            text = batch.data[file.start : file.stop]
            path = file.name.removeprefix(b"./").lstrip(b"/")
            for kind, match in self._detector.confirmed(text, path, rules):
                line = text.count(b"\n", 0, match.offset) + 1
                self._found.append((path.decode("utf-8", "backslashreplace"), line, kind, match))

    def findings(self, layer: str) -> list[Finding]:
        """What was found, `layer` being the layer's digest; CloudDeployError when the tar is cut off."""
        self._reader.close()
        found = (finding(layer, path, line, kind, match) for path, line, kind, match in self._found)
        return sorted(set(found))[:MAX_FINDINGS]

    def _candidates(self, batch: Batch) -> dict[File, set[int]]:
        """The files that a rule may apply to, with the rules' numbers."""
        files = batch.files
        wanted = defaultdict[File, set[int]](set, {file: set() for file in files if may_be_named(file.name)})
        first, last = files[0].start, files[-1].stop
        for end, rule in self._detector.anchors(batch.data[first:last]):
            index = bisect.bisect_left(files, (first + end,)) - 1
            if index >= 0 and first + end <= files[index].stop:
                wanted[files[index]].add(rule)
        return wanted


def scan_layer(stream: Readable, media_type: str, layer: str) -> list[Finding]:
    """The secrets in a layer's blob as it is stored: a plain, gzip or zstd tar, by its media type.

    A blob of another type is no layer and has none. CloudDeployError for one that is damaged.
    """
    plain = _opened(stream, media_type)
    if plain is None:
        return []
    scanner = LayerScanner()
    try:
        for piece in plain:
            scanner.feed(piece)
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise CloudDeployError(
            f"layer {layer[:19]} is damaged ({error})", fix="build or pull the image again"
        ) from error
    return scanner.findings(layer)


def _opened(stream: Readable, media_type: str) -> Iterator[bytes] | None:
    if media_type.endswith(("+gzip", ".tar.gzip")):
        return _gunzip(stream)
    if media_type.endswith("+zstd"):
        return _unzstd(stream)
    return _pieces(stream.read) if media_type.endswith((".tar", "/x-tar")) else None


def _gunzip(stream: Readable) -> Iterator[bytes]:
    from isal import igzip

    with igzip.IGzipFile(fileobj=stream, mode="rb") as plain:  # type: ignore[no-untyped-call]
        yield from _pieces(plain.read)


def _unzstd(stream: Readable) -> Iterator[bytes]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    try:
        with decompressor.stream_reader(stream, read_across_frames=True, closefd=False) as plain:  # type: ignore[arg-type]
            yield from _pieces(plain.read)
    except zstandard.ZstdError as error:
        raise ValueError(error) from error


def _pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while piece := read(PIECE):
        yield piece
