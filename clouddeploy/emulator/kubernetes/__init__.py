"""The Kubernetes API of an emulated cluster, and everything that gives it life.

A real kube-apiserver with etcd serves where both are installed, else a small API server in this
process that behaves the same. Either way the player in `player/` is the rest of the cluster.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from clouddeploy.emulator.balancers import Balancers, NoBalancers
from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.kubernetes.apiserver import Binaries, RealApiServer, find_binaries
from clouddeploy.emulator.kubernetes.builtin import BuiltIn
from clouddeploy.emulator.kubernetes.player import Player
from clouddeploy.emulator.kubernetes.player.client import Admin
from clouddeploy.emulator.kubernetes.player.world import ImageCheck
from clouddeploy.emulator.kubernetes.storage import Storage
from clouddeploy.emulator.kubernetes.users import MASTERS, Authenticate, User
from clouddeploy.emulator.machines import Machines, plain
from clouddeploy.errors import MissingToolError
from clouddeploy.seam.cluster import ClientCertificate, KubeAccess
from clouddeploy.seam.secret import Secret

__all__ = ["KubernetesApi", "User", "start_kubernetes"]


class _ApiServer(Protocol):
    @property
    def url(self) -> str: ...
    @property
    def kind(self) -> str: ...
    def close(self) -> None: ...


class KubernetesApi:
    """A running cluster: `url`, its CA as PEM, and an administrator's access."""

    def __init__(
        self,
        server: _ApiServer,
        authority: Authority,
        storage: Storage,
        machines: Machines,
        balancers: Balancers,
    ) -> None:
        self.url = server.url
        self.kind = server.kind
        self.ca = authority.pem
        self._server = server
        pair = authority.client("kubernetes-admin", (MASTERS,))
        secret = ClientCertificate(pair.certificate.read_text(), Secret(pair.key.read_text()))
        self.admin = KubeAccess(self.url, self.ca, lambda: secret)
        admin = Admin(self.url, authority.pair.certificate, pair)
        self._player = Player(admin, self.ca, storage, machines, balancers)

    def start(self) -> None:
        """Let the cluster live; returns when its default objects are there."""
        self._player.start()

    def set_image_check(self, check: ImageCheck) -> None:
        """`check(image)` says why an image cannot be pulled, in the kubelet's words; None when it can."""
        self._player.set_image_check(check)

    def close(self) -> None:
        """End the player, then the API server; idempotent."""
        self._player.stop()
        self._server.close()


def start_kubernetes(
    directory: Path,
    *,
    authenticate: Authenticate,
    real: bool | None = None,
    storage: Storage | None = None,
    machines: Machines = plain,
    balancers: Balancers | None = None,
) -> KubernetesApi:
    """Start a cluster's API on loopback; `authenticate` knows who a bearer token belongs to.

    `storage` is what the cloud makes volumes with; without it there is one class that makes any.
    `machines` are its nodes, asked again and again. `balancers` are the cloud's load balancers.
    `real` True insists on a kube-apiserver (MissingToolError without one), False on the small one,
    None takes what is there.
    """
    authority = Authority(directory / "pki", "clouddeploy emulated cluster")
    binaries = None if real is False else _binaries(required=real is True)
    server: _ApiServer
    if binaries:
        server = RealApiServer(directory, authority, authenticate, binaries)
    else:
        server = BuiltIn(authority, authenticate)
    return _alive(
        KubernetesApi(server, authority, storage or Storage(), machines, balancers or NoBalancers())
    )


def _binaries(*, required: bool) -> Binaries | None:
    try:
        return find_binaries()
    except MissingToolError:
        if required:
            raise
        return None


def _alive(cluster: KubernetesApi) -> KubernetesApi:
    try:
        cluster.start()
    except BaseException:
        cluster.close()
        raise
    return cluster
