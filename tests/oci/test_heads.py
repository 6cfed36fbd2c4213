"""An answer whose head breaks off is no answer, wherever it does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from clouddeploy.errors import TemporaryError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_MANIFEST, digest_of
from tests.oci.waits import Waits

BODY = b"{}"
DIGEST = digest_of(BODY)
HEAD = (
    f"HTTP/1.1 200 OK\r\nContent-Type: {OCI_MANIFEST}\r\nContent-Length: 2\r\n"
    f"Docker-Content-Digest: {DIGEST}\r\n\r\n"
).encode()


@contextmanager
def saying(answers: Sequence[bytes]) -> Iterator[str]:
    """The host of a server that gives each connection after the first, which looks for TLS, one answer."""

    def serve(listener: socket.socket) -> None:
        for answer in (b"", *answers):
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(60)


def fails(host: str, waits: Waits) -> None:
    client = RegistryClient(host, retry=waits.retry)
    with client, pytest.raises(TemporaryError, match=f"{host} broke the connection off"):
        client.has_blob("shop/web", DIGEST)


@pytest.mark.parametrize(
    "end",
    [
        0,
        len("HTTP/1.1 20"),
        len("HTTP/1.1 200 O"),
        HEAD.index(b"\r\n") + 2,
        HEAD.index(b"application") + 5,
        HEAD.index(b"Docker"),
        HEAD.index(b"sha256") + 30,
        len(HEAD) - 4,
        len(HEAD) - 2,
    ],
)
def test_a_head_that_breaks_off_is_asked_for_again(end: int, waits: Waits) -> None:
    with saying([HEAD[:end], HEAD]) as host, RegistryClient(host, retry=waits.retry) as client:
        found = client.head_manifest("shop/web", "v1")
        assert found is not None
        assert found.digest == DIGEST
    assert len(waits.seconds) == 1


def test_a_login_page_that_breaks_off_is_no_refusal(waits: Waits) -> None:
    refused = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Auth"
    with saying([refused] * 3) as host:
        fails(host, waits)
    assert len(waits.seconds) == 2


def test_a_line_that_does_not_end_is_not_read_for_ever(waits: Waits) -> None:
    endless = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000
    with saying([endless] * 3) as host:
        fails(host, waits)


def test_what_is_no_http_at_all(waits: Waits) -> None:
    with saying([b"220 mail ready\r\n"] * 3) as host:
        fails(host, waits)
