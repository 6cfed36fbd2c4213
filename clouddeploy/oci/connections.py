"""urllib3 connections that refuse forbidden peers and can all be ended at once."""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from collections.abc import Callable
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from clouddeploy.oci.dialing import Judge, dial
from clouddeploy.oci.heads import WholeResponse
from clouddeploy.oci.tunnel import tunnel
from clouddeploy.oci.urls import Origin
from clouddeploy.seam.proxies import Proxy, proxy_for

Met = Callable[[str, str | None], None]


class Connections:
    """The connections that are open. Ends them, also those that other threads wait on.

    `judge` sees every address before it is connected to, `met` the peer of each connection before
    anything is sent, None for a peer behind a proxy. `ready` may hold back what is to be sent to an origin.
    """

    def __init__(
        self, judge: Judge, met: Met, ready: Callable[[Origin], object], send_timeout: float
    ) -> None:
        self._judge = judge
        self._met = met
        self._ready = ready
        self._send_timeout = send_timeout
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._aborted = False
        self._lock = threading.Lock()

    def dial(self, connection: HTTPConnection) -> socket.socket:
        """A socket to a peer that may be talked to, through a proxy where the environment names one."""
        proxy = proxy_for(connection.host.strip("[]")) if isinstance(connection, HTTPSConnection) else None
        if proxy:
            return self._through(proxy, connection)
        sock = dial(connection, self._judge)
        try:
            self._met(connection.host, str(sock.getpeername()[0]))
        except BaseException:
            sock.close()
            raise
        return sock

    def _through(self, proxy: Proxy, connection: HTTPConnection) -> socket.socket:
        self._met(connection.host, None)
        return tunnel(connection.host.strip("[]"), connection.port, proxy, self._send_timeout)

    def opened(self, connection: HTTPConnection) -> None:
        """Remember a connection, and wait until it is to be used."""
        with self._lock:
            self._open.add(connection)
        if self._aborted:
            connection.close()
            raise ConnectionAbortedError
        sock: Any = connection.sock
        sock.settimeout(self._send_timeout)
        scheme = "https" if isinstance(connection, HTTPSConnection) else "http"
        self._ready(Origin(scheme, connection.host.strip("[]").lower(), connection.port))

    def abort(self) -> None:
        """Shut every socket down: whoever reads or writes gets an error at once. Nothing opens any more."""
        self._aborted = True
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            sock: Any = connection.sock
            if sock is not None:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def pool_classes(self) -> dict[str, type[HTTPConnectionPool]]:
        """For `PoolManager.pool_classes_by_scheme`: pools whose connections report here."""
        connections = self

        class Plain(HTTPConnection):
            response_class = WholeResponse

            def _new_conn(self) -> socket.socket:
                return connections.dial(self)

            def connect(self) -> None:
                super().connect()
                connections.opened(self)

        class Secure(HTTPSConnection):
            response_class = WholeResponse

            def _new_conn(self) -> socket.socket:
                return connections.dial(self)

            def connect(self) -> None:
                super().connect()
                connections.opened(self)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain  # pyright: ignore[reportAssignmentType]

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure  # pyright: ignore[reportAssignmentType]

        return {"http": PlainPool, "https": SecurePool}
