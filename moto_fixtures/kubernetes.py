"""A stand-in for Kubernetes, for tests of what a cloud does around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clouddeploy.contract import ClientCertificate, KubeAccess, Secret


@dataclass
class StubKubernetes:
    """In place of a Kubernetes API: keeps what the emulated cloud gave it."""

    directory: Path
    authenticate: Callable[[str], Any]
    pull_problem: Callable[[str], str | None]
    machines: object = None
    attached: object = None
    url: str = "https://127.0.0.1:6443"
    ca: str = "-----BEGIN CERTIFICATE-----\nstub\n-----END CERTIFICATE-----\n"
    closed: bool = False

    @property
    def admin(self) -> KubeAccess:
        pair = ClientCertificate("-----BEGIN CERTIFICATE-----\nadmin\n", Secret("stub-private-key"))
        return KubeAccess(self.url, self.ca, lambda: pair)

    def close(self) -> None:
        self.closed = True
