"""Where the layers of an archive go while it is read, and what is remembered of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Protocol

from clouddeploy.images.compress import GzipWriter, ZstdWriter
from clouddeploy.images.manifest import Layer
from clouddeploy.images.store import Store
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, OCI_LAYER_ZSTD

# docker's own name of a layer comes from its content and its parents', podman's is its digest
_NAME = re.compile(r"(?:blobs/sha256/)?([0-9a-f]{64})(?:\.tar|/layer\.tar)?")
_DIFF_ID = "io.clouddeploy.diff-id"

Compressor = Callable[[Callable[[bytes], object]], GzipWriter | ZstdWriter]

COMPRESSIONS: Mapping[str, tuple[str, Compressor]] = {
    "gzip": (OCI_LAYER_GZIP, partial(GzipWriter, fast=True)),
    "zstd": (OCI_LAYER_ZSTD, ZstdWriter),
}
"""By name: the media type of a layer, and what writes one into a sink."""


class Slot(Protocol):
    """A place for one layer as it will be kept; leaving the block without `commit` drops it."""

    def write(self, data: bytes, /) -> None: ...
    def look(self, plain: bytes, /) -> None:
        """See the next plain bytes of the layer."""
        ...

    @property
    def digest(self) -> str:
        """Of what was written so far."""
        ...

    @property
    def size(self) -> int:
        """Bytes that were written so far."""
        ...

    def commit(self) -> object:
        """Keep what was written; may refuse it."""
        ...


class Shelf(Protocol):
    """Takes the layers of one archive, in the archive's order."""

    compression: str

    def known(self, member: str) -> Layer | None:
        """What a member of this name was, where it need not be taken again."""
        ...

    def slot(self, member: str) -> AbstractContextManager[Slot]: ...
    def remember(self, member: str, layer: Layer) -> None:
        """The member was this layer."""
        ...

    def forget(self, member: str) -> None:
        """What was remembered of a member is wrong."""
        ...


class Memory:
    """What the members of earlier archives were, by names that only one content can have."""

    def __init__(self, store: Store, compression: str) -> None:
        self._store = store
        self._kind = f"members-{compression}"

    def recall(self, member: str) -> Layer | None:
        """The layer that a member of this name was before, wherever it went."""
        found = (
            self._store.recall(self._kind, _key(member), present=False) if _NAME.fullmatch(member) else None
        )
        diff_id = found.annotations.get(_DIFF_ID) if found else None
        if found is None or diff_id is None:
            return None
        return Layer(diff_id, diff_id, replace(found, annotations={}))

    def remember(self, member: str, layer: Layer) -> None:
        """Note what a member was."""
        if layer.diff_id and _NAME.fullmatch(member):
            noted = replace(layer.blob, annotations={_DIFF_ID: layer.diff_id})
            self._store.remember(self._kind, _key(member), noted)

    def forget(self, member: str) -> None:
        """Note nothing of a member any more."""
        self._store.forget(self._kind, _key(member))


class StoreShelf:
    """Puts the layers into the store."""

    def __init__(self, store: Store, compression: str = "gzip") -> None:
        self.compression = compression
        self._store = store
        self._memory = Memory(store, compression)

    def known(self, member: str) -> Layer | None:
        found = self._memory.recall(member)
        return found if found and self._store.has(found.blob.digest) else None

    def slot(self, member: str) -> AbstractContextManager[Slot]:
        return self._store.writer()

    def remember(self, member: str, layer: Layer) -> None:
        self._memory.remember(member, layer)

    def forget(self, member: str) -> None:
        self._memory.forget(member)


def _key(member: str) -> str:
    return f"sha256:{hashlib.sha256(member.encode()).hexdigest()}"
