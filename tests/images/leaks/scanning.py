"""Scan the way a push does, piece by piece."""

from __future__ import annotations

from collections.abc import Iterable

from clouddeploy.images.leaks import Finding, LayerScanner
from tests.images.leaks.samples import layer

DIGEST = "sha256:" + "ab" * 32


def scan(files: Iterable[tuple[str, bytes]]) -> list[Finding]:
    """The findings in a layer of these files."""
    return scan_bytes(layer(files))


def scan_bytes(data: bytes, piece: int = 1 << 18) -> list[Finding]:
    """The findings in a layer's plain bytes, given in pieces of this size."""
    scanner = LayerScanner()
    for start in range(0, len(data), piece):
        scanner.feed(data[start : start + piece])
    return scanner.findings(DIGEST)


def kinds(files: Iterable[tuple[str, bytes]]) -> list[str]:
    """The kinds of what is found."""
    return [found.kind for found in scan(files)]
