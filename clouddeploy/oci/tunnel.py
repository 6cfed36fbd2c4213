"""A connection through a proxy: CONNECT (RFC 9110, section 9.3.6), then the bytes are the registry's own."""

from __future__ import annotations

import socket

from clouddeploy.errors import TemporaryError
from clouddeploy.oci.failures import UnavailableError, clean
from clouddeploy.seam.network import reason
from clouddeploy.seam.proxies import Proxy, refused

_MOST_HEAD_BYTES = 16 * 1024


def tunnel(host: str, port: int, proxy: Proxy, timeout: float) -> socket.socket:
    """A socket whose other end is `host`, which the proxy looks up; `timeout` in seconds for each step.

    Raises UnavailableError where nobody answers, PreconditionError where the proxy wants a login,
    CloudDeployError where it refuses.
    """
    where = f"{f'[{host}]' if ':' in host else host}:{port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    lines += [f"{name}: {value}" for name, value in proxy.headers().items()]
    sock = None
    try:
        sock = socket.create_connection((proxy.host, proxy.port), timeout)
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        _judge(_head(sock), where, proxy)
    except BaseException as error:
        if sock:
            sock.close()
        if isinstance(error, OSError):
            why = reason(error) or "broke the connection off"
            raise UnavailableError(f"{where} could not be reached: the proxy {proxy.name} {why}") from error
        raise
    return sock


def _judge(head: bytes, where: str, proxy: Proxy) -> None:
    version, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    status = rest[:3]
    if not version.startswith("HTTP/") or not status.isdecimal():
        raise UnavailableError(f"{where} could not be reached: the proxy {proxy.name} does not speak HTTP")
    if status.startswith("2"):
        return
    error = refused(where, proxy, clean(rest))
    raise UnavailableError(error.message) if isinstance(error, TemporaryError) else error


def _head(sock: socket.socket) -> bytes:
    """The answer up to its empty line, and not a byte of what follows: that is TLS's."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = sock.recv(1)
        if not piece or len(head) == _MOST_HEAD_BYTES:
            raise ConnectionResetError
        head += piece
    return head
