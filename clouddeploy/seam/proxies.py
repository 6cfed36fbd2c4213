"""The proxy that the environment names for an https host, as curl, kubectl and the clouds' SDKs do."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from clouddeploy.errors import CloudDeployError, ConfigError, PreconditionError, TemporaryError
from clouddeploy.seam.secret import Secret

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Proxy:
    """An http proxy that makes tunnels; `user` is empty where it wants no login."""

    host: str
    port: int
    user: str
    password: Secret

    @property
    def name(self) -> str:
        """Host and port, for people."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def headers(self) -> Mapping[str, str]:
        """What it is told with a request for a tunnel; the login is for it alone."""
        if not self.user:
            return {}
        login = f"{self.user}:{self.password.reveal()}".encode()
        return {"Proxy-Authorization": f"Basic {base64.b64encode(login).decode()}"}


def proxy_for(host: str) -> Proxy | None:
    """The way to `host` (no port, no brackets): None is the direct one, which loopback always has.

    HTTPS_PROXY or ALL_PROXY names the proxy, NO_PROXY the hosts beside it, all in either case.
    Raises ConfigError for a proxy of another kind than http.
    """
    if host in _LOOPBACK or host.endswith(".localhost"):
        return None
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None  # most machines: what follows costs an import
    from urllib.request import getproxies_environment, proxy_bypass

    proxies = getproxies_environment()
    named = proxies.get("https") or proxies.get("all")
    return _parsed(named) if named and not proxy_bypass(host) else None


def refused(where: str, proxy: Proxy, said: str) -> CloudDeployError:
    """The error for a proxy that makes no tunnel; `said` is its status with the words: 403 Forbidden."""
    if said.startswith("407"):
        return PreconditionError(
            f"the proxy {proxy.name} wants a login",
            fix="write it into HTTPS_PROXY: http://user:password@host:port",
        )
    message = f"{where} could not be reached: the proxy {proxy.name} answers {said}"
    if said.startswith("5"):
        return TemporaryError(message, fix="run it again in a minute")
    return CloudDeployError(message, fix="ask whoever runs the proxy to allow it, or name it in NO_PROXY")


def _parsed(named: str) -> Proxy:
    parts = urlsplit(named if "://" in named else f"http://{named}")
    try:
        port = parts.port or 80
    except ValueError:
        port = 0
    if parts.scheme != "http" or not parts.hostname or not port:
        raise ConfigError(
            "the proxy that HTTPS_PROXY or ALL_PROXY names is no http proxy",
            fix="write it as http://host:port, with user:password@ before the host where it wants a login",
        )
    return Proxy(parts.hostname, port, unquote(parts.username or ""), Secret(unquote(parts.password or "")))
