"""A registry to push to, and what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.oci.client import RegistryClient
from tests.oci.waits import Waits

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Watched:
    """A registry that remembers each request as `METHOD /path`; `before` may answer in its place."""

    def __init__(self, registry: OciRegistry) -> None:
        self.registry = registry
        self.asked: list[str] = []
        self.before: Callable[[str, str], int] = lambda _method, _path: 0
        """A status to answer with instead, 0 for none."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.asked.append(f"{method} {path}")
        status = self.before(method, path)
        if status:
            start_response(f"{status} because the test says so", [("Content-Length", "0")])
            return []
        return self.registry(environ, start_response)

    def count(self, method: str, part: str = "") -> int:
        return sum(one.startswith(f"{method} ") and part in one for one in self.asked)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(OciRegistry(tmp_path / "registry", authorize=anonymous))


@pytest.fixture
def client(watched: Watched) -> Iterator[RegistryClient]:
    with Server(watched) as server, RegistryClient(server.host, retry=Waits().retry) as found:
        yield found
