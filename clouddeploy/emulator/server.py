"""A WSGI application on a loopback port, HTTP/1.1 with keep-alive and chunked bodies, TLS if wanted."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING

from cheroot.server import HTTPRequest
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Gateway_10
from cheroot.wsgi import Server as WSGIServer

from clouddeploy.emulator.certificates import KeyPair

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed.wsgi import WSGIApplication

_THREADS = 32  # a watch holds one for as long as it lasts


REQUEST = "clouddeploy.request"
"""The environ key of cheroot's own request, for middleware that breaks connections."""


class _Gateway(Gateway_10):
    def __init__(self, req: HTTPRequest) -> None:
        super().__init__(req)
        self.env[REQUEST] = req


class _Server(WSGIServer):
    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """A client that hangs up is no news."""


class Server:
    """A running server; `url` is `http(s)://127.0.0.1:port` without a trailing slash.

    With `tls` it speaks https; with `client_authority` (a CA file) client certificates are
    asked for, checked and passed on in `SSL_CLIENT_S_DN_*` variables.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        tls: KeyPair | None = None,
        client_authority: Path | None = None,
        port: int = 0,
        threads: int = _THREADS,
    ) -> None:
        self._server = _Server(("127.0.0.1", port), app, numthreads=threads, request_queue_size=128)
        self._server.gateway = _Gateway
        self._server.shutdown_timeout = 0.2
        self._server.expiration_interval = 0.05  # seconds that close() may have to wait
        if tls:
            self._server.ssl_adapter = _adapter(tls, client_authority)
        self._server.prepare()
        self.port = int(self._server.bind_addr[1])
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        self._thread = threading.Thread(target=self._server.serve, name=f"emulator {self.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop accepting, close the port and the open connections."""
        self._server.stop()
        self._thread.join(timeout=5)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def free_port() -> int:
    """A free loopback TCP port, for programs that cannot bind port 0.

    A connection through it was closed from its side a moment ago: for a minute the system gives it
    to nobody who asks for any port, and whoever binds it by number gets it (SO_REUSEADDR).
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address), server.accept()[0]:
            return int(address[1])


def _adapter(tls: KeyPair, client_authority: Path | None) -> BuiltinSSLAdapter:
    adapter = BuiltinSSLAdapter(str(tls.certificate), str(tls.key))
    if client_authority:
        adapter.context.load_verify_locations(client_authority)
        adapter.context.verify_mode = ssl.CERT_OPTIONAL
    return adapter
