"""An image whose blobs are read and hashed once for all the registries that lack them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.oci.source import ImageSource
from clouddeploy.oci.verify import PIECE, CheckedReader, Reading
from clouddeploy.push.spool import Budget, Spool

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class View(Protocol):
    """An image's blobs as one destination sees them."""

    def open(self, blob: Descriptor) -> BinaryIO:
        """The blob's bytes; called again when they have to be sent again."""
        ...

    def pass_by(self, blob: Descriptor) -> None:
        """The destination does not need the blob."""
        ...


@dataclass(frozen=True)
class Alone:
    """The view of an only destination."""

    source: ImageSource

    def open(self, blob: Descriptor) -> BinaryIO:
        return self.source.open(blob.digest)

    def pass_by(self, blob: Descriptor) -> None:
        pass


class Shared:
    """An image's blobs for the destinations in `names`.

    Whoever opens a blob first starts the reading of it, for all who have not said that they
    need it not. Who is too slow, or has to send a blob again, reads for himself.
    """

    def __init__(self, source: ImageSource, names: Iterable[str], budget: Budget | None = None) -> None:
        self._source = source
        self._names = list(names)
        self._budget = budget or Budget()
        self._lock = threading.Lock()
        self._spools: dict[str, Spool] = {}
        self._uninterested: dict[str, set[str]] = {}

    def view(self, name: str) -> View:
        """What one destination sees."""
        return _Part(self, name)

    def open(self, name: str, blob: Descriptor) -> BinaryIO:
        spool = self._spool(blob, name)
        if spool is None:
            return self._source.open(blob.digest)
        return as_stream(spool.read(name))

    def pass_by(self, name: str, digest: str) -> None:
        with self._lock:
            self._uninterested.setdefault(digest, set()).add(name)
            spool = self._spools.get(digest)
        if spool:
            spool.leave(name)

    def leave(self, name: str) -> None:
        """A destination has all it needs, or has failed."""
        with self._lock:
            self._names.remove(name)
            spools = list(self._spools.values())
        for spool in spools:
            spool.leave(name)

    def _spool(self, blob: Descriptor, name: str) -> Spool | None:
        """The spool that this destination may read the blob from; None when it is to read itself."""
        with self._lock:
            gone = self._uninterested.setdefault(blob.digest, set())
            if name in gone:
                return None
            gone.add(name)  # it gets the blob from a spool once
            if blob.digest in self._spools:
                return self._spools[blob.digest]
            readers = [one for one in self._names if one == name or one not in gone]
            if len(readers) == 1:
                return None
            spool = self._spools[blob.digest] = Spool(self._budget, readers)
        threading.Thread(target=self._read, args=(blob, spool), name="push-read", daemon=True).start()
        return spool

    def _read(self, blob: Descriptor, spool: Spool) -> None:
        reading: Reading | None = None
        try:
            reading = Reading(blob, lambda: self._source.open(blob.digest))
            for piece in reading.until(blob.size):
                spool.write(bytes(piece))
            spool.end()
        except Exception as error:  # whatever it is, every reader gets it
            spool.end(error)
        finally:
            if reading:
                with suppress(OSError, CloudDeployError):
                    reading.close()


@dataclass(frozen=True)
class _Part:
    shared: Shared
    name: str

    def open(self, blob: Descriptor) -> BinaryIO:
        return self.shared.open(self.name, blob)

    def pass_by(self, blob: Descriptor) -> None:
        self.shared.pass_by(self.name, blob.digest)


def as_stream(pieces: Iterator[bytes]) -> BinaryIO:
    """Pieces that were hashed by whoever made them, as a stream that closes them."""
    return cast("BinaryIO", _Pieces(pieces))


class _Pieces(CheckedReader):
    """A stream over pieces that were hashed by whoever read them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int = PIECE, /) -> bytes:
        """Up to `size` bytes, as many as came together; nothing at the end."""
        data = self._rest or next(self._pieces, b"")
        self._rest = data[size:]
        return data[:size]

    def close(self) -> None:
        if not self.closed and (end := getattr(self._pieces, "close", None)):
            cast("Callable[[], None]", end)()
        super().close()
