"""Bytes are hashed on the way, in both directions: the digest decides, not who sends them."""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from urllib3.exceptions import HTTPError

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.descriptor import Descriptor, hasher

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from clouddeploy.oci.transport import Response

PIECE = 64 * 1024
"""Bytes in one read and one send."""


class Sender:
    """The body of a blob's upload, sent as often as needed; `on_bytes` counts every byte once."""

    def __init__(
        self, blob: Descriptor, open_: Callable[[], BinaryIO], on_bytes: Callable[[int], None]
    ) -> None:
        self._blob = blob
        self._open = open_
        self._on_bytes = on_bytes
        self._furthest = 0

    def __call__(self) -> Iterator[bytes]:
        """The bytes from the first one on.

        The last piece is held back until all of them are hashed: when the source is not what
        its digest says, the request stays incomplete and the registry keeps nothing.
        """
        sent, held = 0, b""
        for piece in self._verified():
            if held:
                yield held
                sent = self._count(sent + len(held))
            held = piece
        if held:
            yield held
            self._count(sent + len(held))

    def _verified(self) -> Iterator[bytes]:
        digest, size = hasher(self._blob.digest), 0
        for piece in self._pieces():
            digest.update(piece)
            size += len(piece)
            if size > self._blob.size:
                break
            yield piece
        if size != self._blob.size or f"{digest.name}:{digest.hexdigest()}" != self._blob.digest:
            raise CloudDeployError(
                f"{self._blob.digest} is not what its digest says: the image changed or is damaged",
                fix="build the image again; the registry has kept nothing of this layer",
            )

    def _pieces(self) -> Iterator[bytes]:
        try:
            with self._open() as stream:
                while piece := stream.read(PIECE):
                    yield piece
        except OSError as error:
            raise CloudDeployError(
                f"{self._blob.digest} cannot be read: {error.strerror or error}",
                fix="build the image again",
            ) from error

    def _count(self, position: int) -> int:
        if position > self._furthest:
            self._on_bytes(position - self._furthest)
            self._furthest = position
        return position


class VerifyingReader(io.RawIOBase):
    """A blob as it comes in; raises instead of ending when it is not what its descriptor says."""

    def __init__(
        self, response: Response, blob: Descriptor, lost: Callable[[Exception], CloudDeployError]
    ) -> None:
        self._response = response
        self._blob = blob
        self._lost = lost
        self._hash = hasher(blob.digest)
        self._size = 0

    def readable(self) -> bool:
        return True

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
