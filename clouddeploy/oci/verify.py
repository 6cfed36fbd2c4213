"""Bytes are hashed on the way, in both directions: the digest decides, not who sends them."""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from urllib3.exceptions import HTTPError

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.descriptor import Descriptor, hasher

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from clouddeploy.oci.transport import Response

PIECE = 512 * 1024
"""Bytes in one read and one send."""


class Sender:
    """The body of a blob's upload, whole or by parts; `on_bytes` counts every byte once.

    The source is read from its beginning whenever a part is asked for that lies before what was
    read last, and every byte is hashed, also those that the registry has and that are not sent
    again.
    """

    def __init__(
        self, blob: Descriptor, open_: Callable[[], BinaryIO], on_bytes: Callable[[int], None]
    ) -> None:
        self._blob = blob
        self._open = open_
        self._on_bytes = on_bytes
        self._furthest = 0
        self._reading: Reading | None = None

    def part(self, start: int, end: int) -> Iterator[memoryview]:
        """The bytes from `start` to before `end`; each piece is only good until the next one.

        The last piece of the blob leaves only when all of them are hashed: when the source is
        not what its digest says, the request stays incomplete and the registry keeps nothing.
        """
        self._count(start)
        position = start
        for piece in self._from(start).until(end):
            yield piece
            position += len(piece)
            self._count(position)

    def close(self) -> None:
        """Close the source."""
        if self._reading:
            self._reading.close()
            self._reading = None

    def _from(self, start: int) -> Reading:
        if self._reading is None or self._reading.position > start:
            self.close()
            self._reading = Reading(self._blob, self._open)
        for _ in self._reading.until(start):
            pass
        return self._reading

    def _count(self, position: int) -> None:
        if position > self._furthest:
            self._on_bytes(position - self._furthest)
            self._furthest = position


class CheckedReader(io.RawIOBase):
    """A blob's bytes that were hashed on the way here: instead of ending wrongly it raises."""

    def readable(self) -> bool:
        return True


class Reading:
    """A blob's source on its way from the first byte to the last; CloudDeployError when it is damaged."""

    def __init__(self, blob: Descriptor, open_: Callable[[], BinaryIO]) -> None:
        self.position = 0
        self._blob = blob
        self._buffer = memoryview(bytearray(min(PIECE, blob.size)))
        with self._told():
            self._stream = open_()
        self._hash = None if isinstance(self._stream, CheckedReader) else hasher(blob.digest)
        if not blob.size:
            self._check()

    def until(self, end: int) -> Iterator[memoryview]:
        """The bytes up to before `end`; the blob's last ones only when all of them are right.

        The pieces share one buffer: fresh memory for each would cost more than their hash.
        """
        while self.position < end:
            with self._told():
                piece = self._read(min(PIECE, end - self.position))
            if self._hash:
                self._hash.update(piece)
            self.position += len(piece)
            if not piece or self.position == self._blob.size:
                self._check()
            yield piece

    def _read(self, size: int) -> memoryview:
        if isinstance(self._stream, io.BufferedIOBase | io.RawIOBase):
            return self._buffer[: self._stream.readinto(self._buffer[:size]) or 0]
        return memoryview(self._stream.read(size))

    def close(self) -> None:
        """Close the source."""
        self._stream.close()

    def _check(self) -> None:
        with self._told():
            more = self._stream.read(1)
        found = f"{self._hash.name}:{self._hash.hexdigest()}" if self._hash else self._blob.digest
        if more or self.position != self._blob.size or found != self._blob.digest:
            raise CloudDeployError(
                f"{self._blob.digest} is not what its digest says: the image changed or is damaged",
                fix="build the image again; the registry has kept nothing of this layer",
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CloudDeployError(
                f"{self._blob.digest} cannot be read: {error.strerror or error}",
                fix="build the image again",
            ) from error


class VerifyingReader(CheckedReader):
    """A blob as it comes in; raises instead of ending when it is not what its descriptor says."""

    def __init__(
        self, response: Response, blob: Descriptor, lost: Callable[[Exception], CloudDeployError]
    ) -> None:
        self._response = response
        self._blob = blob
        self._lost = lost
        self._hash = hasher(blob.digest)
        self._size = 0

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill some of `buffer`; 0 at the end, once size and digest are right."""
        view = memoryview(buffer).cast("B")
        try:
            piece = self._response.raw.read(len(view))
        except (HTTPError, OSError, http.client.HTTPException) as error:
            raise self._lost(error) from error
        self._hash.update(piece)
        self._size += len(piece)
        if self._size > self._blob.size or (len(view) and not piece):
            self._check_end()
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._response.raw.close()
        super().close()

    def _check_end(self) -> None:
        found = f"{self._hash.name}:{self._hash.hexdigest()}"
        if self._size != self._blob.size or found != self._blob.digest:
            raise CloudDeployError(
                f"{self._response.origin.name} sent something else than {self._blob.digest}",
                fix="nothing of it was kept; tell whoever runs this registry",
            )
