"""The small API server, running: store, WSGI application, TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clouddeploy.emulator.kubernetes.api import Api
from clouddeploy.emulator.kubernetes.objects import Objects, Options
from clouddeploy.emulator.kubernetes.resources import BY_ID
from clouddeploy.emulator.kubernetes.store import Store
from clouddeploy.emulator.server import Server

if TYPE_CHECKING:
    from clouddeploy.emulator.certificates import Authority
    from clouddeploy.emulator.kubernetes.users import Authenticate

_THREADS = 64  # the player's watches hold a good dozen
_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class BuiltIn:
    """An API server in this process, with the namespaces that a fresh cluster has."""

    kind = "built-in"

    def __init__(self, authority: Authority, authenticate: Authenticate) -> None:
        self._store = Store()
        objects = Objects(self._store)
        for name in _NAMESPACES:
            objects.create(BY_ID["namespaces"], "", {"metadata": {"name": name}}, Options("kube-apiserver"))
        tls = authority.server("kube-apiserver")
        app = Api(self._store, authenticate)
        self._server = Server(app, tls=tls, client_authority=authority.pair.certificate, threads=_THREADS)
        self.url = self._server.url

    def close(self) -> None:
        """End the watches, then the server."""
        self._store.close()
        self._server.close()
