"""The server on loopback that all emulators share."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable

import pytest
import urllib3

from clouddeploy.emulator.server import Server, free_port


def hello(environ, start_response) -> Iterable[bytes]:  # type: ignore[no-untyped-def]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def test_it_answers_until_it_is_closed() -> None:
    with Server(hello) as server:
        assert urllib3.request("GET", server.url, retries=False, timeout=60).data == b"hello"
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", server.url, retries=False, timeout=60)


def test_a_free_port_is_kept_for_whoever_asks_for_it_by_number() -> None:
    port = free_port()
    with socket.socket() as anybody, pytest.raises(OSError) as caught:
        anybody.bind(("127.0.0.1", port))
    assert caught.value.errno == errno.EADDRINUSE, "nobody gets it by chance"
    with Server(hello, port=port) as server:
        assert server.port == port
