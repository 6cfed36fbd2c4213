"""Connecting to addresses that were judged, rather than to whatever a name means by then."""

from __future__ import annotations

import socket
from collections.abc import Callable

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family, create_connection

Judge = Callable[[str, str], None]
"""Called with a host and one of its IP addresses; raises to refuse."""


def dial(connection: HTTPConnection, judge: Judge) -> socket.socket:
    """A socket for `connection`, to the first address of its host that answers.

    `judge` sees all addresses before the first is tried, and what it raises comes through.
    Raises urllib3's errors for a name without addresses, and when none of them answers.
    """
    addresses = _addresses(connection)
    for address in addresses:
        judge(connection.host, address)
    *others, last = addresses
    for address in others:
        try:
            return _connected(connection, address)
        except (NewConnectionError, ConnectTimeoutError):
            continue
    return _connected(connection, last)


def known_addresses(host: str) -> list[str]:
    """The IP addresses of a host as far as they are known here; none for a name that is not."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return []
    return [str(sockaddr[0]) for *_, sockaddr in found]


def _addresses(connection: HTTPConnection) -> list[str]:
    """The IP addresses of a connection's host, in the resolver's order; link-local ones with their zone."""
    host = connection.host.strip("[]")
    try:
        found = socket.getaddrinfo(host, connection.port, allowed_gai_family(), socket.SOCK_STREAM)
        numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
        return list(dict.fromkeys(socket.getnameinfo(sockaddr, numeric)[0] for *_, sockaddr in found))
    except (socket.gaierror, UnicodeError) as error:  # the latter for labels of more than 63 characters
        raise NameResolutionError(host, connection, socket.gaierror(str(error))) from error


def _connected(connection: HTTPConnection, address: str) -> socket.socket:
    try:
        return create_connection(
            (address, connection.port), connection.timeout, socket_options=connection.socket_options
        )
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"no answer from {address}") from error
    except OSError as error:
        raise NewConnectionError(connection, str(error)) from error
