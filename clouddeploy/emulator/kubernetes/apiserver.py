"""A real kube-apiserver with an etcd of its own, both on loopback."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import urllib3

from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.kubernetes.processes import Program
from clouddeploy.emulator.kubernetes.tokens import TokenReviews, write_webhook_config
from clouddeploy.emulator.kubernetes.users import Authenticate
from clouddeploy.emulator.server import Server, free_port
from clouddeploy.errors import MissingToolError

_PATIENCE = 60.0  # seconds until a start has failed


@dataclass(frozen=True)
class Binaries:
    """The programs that a real API server needs."""

    apiserver: Path
    etcd: Path


def find_binaries() -> Binaries:
    """The two programs; raises MissingToolError when one is not there."""
    return Binaries(
        _find("kube-apiserver", "CLOUDDEPLOY_KUBE_APISERVER"),
        _find("etcd", "CLOUDDEPLOY_ETCD"),
    )


def _find(name: str, variable: str) -> Path:
    """From a variable, else from PATH, else the newest `name-v*` in the user's cache."""
    if chosen := os.environ.get(variable):
        if os.access(chosen, os.X_OK):
            return Path(chosen)
        raise MissingToolError(
            f"{variable} names {chosen}, which is no program", fix=f"Correct or unset {variable}"
        )
    if found := shutil.which(name):
        return Path(found)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clouddeploy" / "bin"
    versions = sorted(cache.glob(f"{name}-v*"), key=_version)
    if not versions:
        fix = f"Install {name}, or put it at {cache}/{name}-v<version>, or name it in {variable}"
        raise MissingToolError(f"{name} is not installed", fix=fix)
    return versions[-1]


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", path.name))


class RealApiServer:
    """kube-apiserver, etcd and the token webhook, started; logs stay in `directory`.

    Raises CloudDeployError with the end of the log when one of them does not start.
    """

    def __init__(
        self, directory: Path, authority: Authority, authenticate: Authenticate, binaries: Binaries
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._closers: list[Callable[[], None]] = []
        start = time.monotonic()
        try:
            webhook = self._start_webhook(directory, authority, authenticate)
            etcd_url = self._start_etcd(directory, binaries.etcd)
            self.url = self._start_apiserver(directory, authority, binaries.apiserver, (webhook, etcd_url))
        except BaseException:
            self.close()
            raise
        self.seconds = time.monotonic() - start
        self.kind = f"kube-apiserver {self._ask_version(authority)}"

    def close(self) -> None:
        """End all three, last started first; idempotent."""
        while self._closers:
            self._closers.pop()()

    def _start_webhook(self, directory: Path, authority: Authority, authenticate: Authenticate) -> Path:
        server = Server(TokenReviews(authenticate), tls=authority.server("token-webhook"))
        self._closers.append(server.close)
        return write_webhook_config(directory / "webhook.json", server.url, authority.pair.certificate)

    def _start_etcd(self, directory: Path, program: Path) -> str:
        clients, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        options = {
            "data-dir": directory / "etcd",
            "listen-client-urls": clients,
            "advertise-client-urls": clients,
            "listen-peer-urls": peers,
            "initial-advertise-peer-urls": peers,
            "initial-cluster": f"default={peers}",
        }
        etcd = self._run(program, options, directory / "etcd.log", "--unsafe-no-fsync")
        pool = urllib3.PoolManager(retries=False, timeout=2)
        _wait(etcd, lambda: pool.request("GET", f"{clients}/health").status == 200)
        return clients

    def _start_apiserver(
        self, directory: Path, authority: Authority, program: Path, peers: tuple[Path, str]
    ) -> str:
        webhook, etcd_url = peers
        serving, accounts = authority.server("kube-apiserver"), authority.client("service-accounts")
        port = free_port()
        options = {
            "etcd-servers": etcd_url,
            "secure-port": port,
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "cert-dir": directory / "certificates",
            "client-ca-file": authority.pair.certificate,
            "tls-cert-file": serving.certificate,
            "tls-private-key-file": serving.key,
            "service-account-key-file": accounts.certificate,
            "service-account-signing-key-file": accounts.key,
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-cluster-ip-range": "10.96.0.0/16",
            "authorization-mode": "Node,RBAC",
            "allow-privileged": "true",
            "endpoint-reconciler-type": "none",
            "authentication-token-webhook-config-file": webhook,
            "authentication-token-webhook-version": "v1",
            "authentication-token-webhook-cache-ttl": "1s",
            "profiling": "false",
        }
        server = self._run(program, options, directory / "kube-apiserver.log")
        url = f"https://127.0.0.1:{port}"
        _wait(server, lambda: self._get(authority, f"{url}/readyz") == b"ok")
        return url

    def _run(self, program: Path, options: dict[str, object], log: Path, *flags: str) -> Program:
        argv = [str(program), *flags, *(f"--{name}={value}" for name, value in options.items())]
        started = Program(argv, log)
        self._closers.append(started.close)
        return started

    def _ask_version(self, authority: Authority) -> str:
        import json

        return str(json.loads(self._get(authority, f"{self.url}/version"))["gitVersion"])

    def _get(self, authority: Authority, url: str) -> bytes:
        pool = urllib3.PoolManager(ca_certs=str(authority.pair.certificate), retries=False, timeout=5)
        return pool.request("GET", url).data


def _wait(program: Program, ready: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        program.check()
        try:
            if ready():
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.05)
    raise program.failure(f"was not ready after {_PATIENCE:.0f} s")
