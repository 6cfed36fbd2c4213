"""A name's addresses are all judged before the first of them is connected to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.dialing import dial
from clouddeploy.oci.failures import UnavailableError
from clouddeploy.oci.transport import Request, Transport
from clouddeploy.oci.urls import Origin

INSIDE = "169.254.169.254"


class Names:
    """A name server: `answers` of a name in turn, the last one for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self._resolve = socket.getaddrinfo

    def resolve(self, host: Any, port: Any, *rest: Any) -> list[Any]:
        answers = self.answers.get(host, [[host]])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [entry for address in found for entry in self._resolve(address, port, *rest)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found.resolve)
    return found


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        found.setblocking(False)
        yield found


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def refuse_inside(_: str, address: str) -> None:
    if address == INSIDE:
        raise PermissionError(address)


@pytest.mark.parametrize("addresses", [[INSIDE], ["127.0.0.1", INSIDE], [INSIDE, "127.0.0.1"]])
def test_one_address_inside_is_enough_to_connect_to_none(
    addresses: list[str], names: Names, listener: socket.socket
) -> None:
    names.answers["store.example.com"] = [addresses]
    with pytest.raises(PermissionError):
        dial(HTTPConnection("store.example.com", port_of(listener)), refuse_inside)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_name_that_means_something_else_the_next_time_is_asked_once(
    names: Names, listener: socket.socket
) -> None:
    names.answers["store.example.com"] = [["127.0.0.1"], [INSIDE]]
    with dial(HTTPConnection("store.example.com", port_of(listener)), refuse_inside) as sock:
        assert sock.getpeername()[0] == "127.0.0.1"


def test_the_next_address_is_tried(names: Names, listener: socket.socket) -> None:
    names.answers["store.example.com"] = [["127.0.0.2", "127.0.0.1"]]
    with dial(HTTPConnection("store.example.com", port_of(listener)), refuse_inside) as sock:
        assert sock.getpeername()[0] == "127.0.0.1"


def test_nobody_at_any_address(names: Names) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = port_of(one)
    names.answers["store.example.com"] = [["127.0.0.2", "127.0.0.1"]]
    with pytest.raises(NewConnectionError, match="refused"):
        dial(HTTPConnection("store.example.com", port), refuse_inside)


@pytest.mark.parametrize("host", ["nowhere.invalid", f"{'a' * 64}.example.com"])
def test_a_name_without_addresses(host: str) -> None:
    with pytest.raises(NameResolutionError):
        dial(HTTPConnection(host, 443), refuse_inside)
    transport = Transport(5)
    with pytest.raises(UnavailableError, match="its name is not known to DNS"):
        transport.exchange(Request("GET", f"http://{host}/", "read", ""), f"http://{host}/", {})
    transport.close()


def test_a_public_registry_names_no_address_inside(names: Names, listener: socket.socket) -> None:
    transport, port = Transport(5), port_of(listener)
    transport.at_home(Origin.of("https://registry.example.com"))
    names.answers["store.example.com"] = [["127.0.0.1"]]
    url = f"http://store.example.com:{port}/"
    with pytest.raises(CloudDeployError, match=r"sent us to store\.example\.com, which is an internal"):
        transport.exchange(Request("GET", url, "read", ""), url, {})
    with pytest.raises(BlockingIOError):
        listener.accept()
    transport.close()


def test_a_registry_may_be_inside_itself(names: Names, listener: socket.socket) -> None:
    transport, port = Transport(0.2), port_of(listener)
    names.answers["registry.example.com"] = [["127.0.0.1"]]
    url = f"http://registry.example.com:{port}/"
    transport.at_home(Origin.of(url))
    with pytest.raises(UnavailableError, match="stopped answering"):
        transport.exchange(Request("GET", url, "read", ""), url, {})
    listener.accept()[0].close()
    transport.close()
