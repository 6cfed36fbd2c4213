"""A server of somebody else: it keeps every byte that it is sent and says yes to everything."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import Self

from clouddeploy.emulator.certificates import KeyPair

_MOST = 1 << 20
_ANSWER = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nLocation: /here\r\n"
    b'Content-Length: 18\r\nConnection: close\r\n\r\n{"token": "taken"}'
)


class Attacker:
    """Listens on a loopback port of its own, with TLS when it has a certificate."""

    def __init__(self, tls: KeyPair | None = None) -> None:
        self.received: list[bytes] = []
        self._tls: ssl.SSLContext | None = None
        if tls:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(tls.certificate, tls.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        peer.settimeout(5)
        with suppress(OSError), self._wrapped(peer) as sock:
            data = b""
            while len(data) < _MOST and not _is_whole(data) and (piece := sock.recv(65536)):
                data += piece
            self.received.append(data)
            sock.sendall(_ANSWER)

    def _wrapped(self, peer: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(peer, server_side=True) if self._tls else peer


def _is_whole(data: bytes) -> bool:
    """Whether this is a request up to the end of its body, as far as Content-Length tells."""
    head, end, body = data.partition(b"\r\n\r\n")
    length = next(
        (line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b"0"
    )
    return bool(end) and len(body) >= int(length)
