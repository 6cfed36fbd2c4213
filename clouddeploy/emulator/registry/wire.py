"""Bodies that are counted and broken off at a byte, answers that are cut, connections that are reset."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable, Iterable
from typing import IO, TYPE_CHECKING, NoReturn

from clouddeploy.emulator.server import REQUEST

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_PIECE = 256 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


class Body:
    """A request's body that tells `on_piece` what it gives, and calls `at` once at byte `offset`.

    A body that ends before `offset` calls it at its end.
    """

    def __init__(self, stream: IO[bytes], on_piece: Callable[[bytes], object]) -> None:
        self._stream = stream
        self._on_piece = on_piece
        self._left = 0
        self._at: Callable[[], object] | None = None

    def stop(self, offset: int, at: Callable[[], object]) -> None:
        """Call `at` when `offset` bytes were read."""
        self._left, self._at = offset, at

    def read(self, size: int = -1) -> bytes:
        """As a raw file's: the bytes before the offset come alone, then `at` is called."""
        if size < 0:
            return b"".join(iter(lambda: self.read(_PIECE), b""))
        piece = self._next(min(size, self._left) if self._at else size)
        if piece or not self._at:
            return piece
        at, self._at = self._at, None
        at()
        return self._next(size)

    def _next(self, size: int) -> bytes:
        piece = self._stream.read(size) if size else b""
        self._left -= len(piece)
        self._on_piece(piece)
        return piece

    def drain(self) -> None:
        """Read to the end and keep nothing."""
        while self.read(_PIECE):
            pass


def reset(environ: WSGIEnvironment) -> NoReturn:
    """Break the connection off with a TCP reset."""
    connection = environ[REQUEST].conn
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    connection.linger = True  # or the server says goodbye first
    connection.socket.close()
    raise ConnectionResetError(errno.ECONNRESET, "reset on purpose")


def close_after(environ: WSGIEnvironment) -> None:
    """Close the connection after the answer, whatever is left of the request's body."""
    environ[REQUEST].close_connection = True


def send_part(
    environ: WSGIEnvironment,
    status: str,
    headers: Iterable[tuple[str, str]],
    body: Iterable[bytes],
    most: int,
) -> NoReturn:
    """Send the first `most` bytes of an answer, head included, and hang up."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    connection, left = environ[REQUEST].conn, most
    for piece in ("\r\n".join(lines).encode("latin-1"), *body):
        if left > 0:
            connection.socket.sendall(piece[:left])
            left -= len(piece)
    raise ConnectionResetError(errno.ECONNRESET, "hung up on purpose")
