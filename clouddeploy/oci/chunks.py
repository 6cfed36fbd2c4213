"""In what pieces a registry takes a large blob."""

from __future__ import annotations

CHUNK = 256 * 1024 * 1024
"""Bytes above which a blob goes in chunks, where the registry takes them."""

_LEAST = 5 * 1024 * 1024  # ECR's least part; nobody's limit is below it


class Chunks:
    """What one registry takes, learnt from its answers."""

    def __init__(self, size: int = CHUNK) -> None:
        self.size = size
        self.allowed = True

    def at_least(self, size: int) -> None:
        """The registry's `OCI-Chunk-Min-Length`, in bytes."""
        self.size = max(self.size, size)

    def refused(self, status: int, size: int | None = None) -> bool:
        """Learn from a refusal of `size` bytes; whether another way is left to try."""
        if status != 413:  # Google's registry takes whole blobs only
            self.allowed = False  # as another blob on its way may have learnt already
            return True
        if not self.allowed:
            return False
        smaller = min(size or self.size, self.size) // 2
        self.size = max(smaller, _LEAST)
        return smaller >= _LEAST
