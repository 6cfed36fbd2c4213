"""Requests that got no answer are told in one line, however their errors are wrapped."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import urllib3

from clouddeploy.contract import unanswered
from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.server import Server, free_port
from clouddeploy.errors import CloudDeployError, PreconditionError, TemporaryError

Serve = Callable[[socket.socket], object]


def told(url: str, timeout: float = 5) -> CloudDeployError:
    with pytest.raises(requests.RequestException) as caught:
        requests.get(url, timeout=timeout)
    error = unanswered("list the clusters", caught.value, authorities="REQUESTS_CA_BUNDLE")
    assert error
    return error


@contextmanager
def listening(serve: Serve) -> Iterator[str]:
    """A port where each connection is given to a function; its `host:port`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: serve(server.accept()[0]), daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_a_name_that_nobody_knows() -> None:
    error = told("https://eks.nowhere.invalid/clusters")
    assert isinstance(error, TemporaryError)
    assert error.message == "could not list the clusters: eks.nowhere.invalid is not known to DNS"
    assert error.fix == "check the network and the region, then run it again"


def test_a_port_where_nobody_listens() -> None:
    port = free_port()
    assert told(f"http://127.0.0.1:{port}/").message.endswith(f": 127.0.0.1:{port} refuses connections")


def test_a_connection_that_is_broken_off() -> None:
    with listening(reset) as host:
        assert told(f"http://{host}/").message.endswith(f": {host} broke the connection off")


def test_a_server_that_says_nothing() -> None:
    over = threading.Event()
    with listening(lambda connection: (over.wait(60), connection.close())) as host:
        assert told(f"http://{host}/", timeout=0.2).message.endswith(f": {host} does not answer in time")
        over.set()


def test_a_certificate_that_is_not_trusted_is_not_a_matter_of_time(tmp_path: Path) -> None:
    with Server(lambda *_: [], tls=Authority(tmp_path, "stranger").server("x")) as server:
        error = told(server.url)
    assert isinstance(error, PreconditionError)
    assert f"{server.host} has a certificate that is not trusted: " in error.message
    assert error.fix == "set this machine's clock; behind a proxy name its authority in REQUESTS_CA_BUNDLE"


def test_an_error_of_another_kind_is_left_to_others() -> None:
    assert unanswered("list the clusters", ValueError("no"), authorities="") is None


def test_errors_that_wrap_each_other_end() -> None:
    first, second = ValueError("a"), urllib3.exceptions.HTTPError("b")
    first.__cause__, second.__context__ = second, first
    assert unanswered("list the clusters", first, authorities="") is None
