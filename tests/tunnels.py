"""A proxy on loopback that makes tunnels (CONNECT), as companies have them."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Self


class TunnelProxy:
    """Leads every host to the loopback port that `ways` names; `asked` are the hosts that it was asked for.

    `login` is the `user:password` that it wants. A host without a way is answered `refusal`.
    """

    def __init__(self, ways: Mapping[str, int], *, login: str = "", refusal: str = "403 Forbidden") -> None:
        self.asked: list[str] = []
        self._ways = ways
        self._login = base64.b64encode(login.encode()).decode()
        self._refusal = refusal
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        host = head.split()[1].decode()
        self.asked.append(host)
        answer = self._answer(host, head.decode())
        client.sendall(f"HTTP/1.1 {answer}\r\n\r\n".encode())
        if answer.startswith("200"):
            self._connect(client, self._ways[host])
        client.close()

    def _connect(self, client: socket.socket, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as there:
            back = threading.Thread(target=_copy, args=(there, client), daemon=True)
            back.start()
            _copy(client, there)
            back.join()

    def _answer(self, host: str, head: str) -> str:
        if self._login and f"Proxy-Authorization: Basic {self._login}\r\n" not in head:
            return "407 Proxy Authentication Required"
        return "200 Connection established" if host in self._ways else self._refusal


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
