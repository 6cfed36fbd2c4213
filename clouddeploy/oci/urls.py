"""The one policy for every URL that a server gives us.

Credentials belong to the registry's origin (scheme, host and port). Where a registry sends
us with `Location`, `Link`, a redirect or a token realm is checked here before we go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urljoin, urlsplit

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.addresses import Zone, is_loopback, may_name, zone_of_host
from clouddeploy.oci.reference import DOCKER_HUB

_PORTS = {"https": 443, "http": 80}
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\U0010ffff\\]")
_HUB_API = "registry-1.docker.io"


@dataclass(frozen=True)
class Origin:
    """Scheme, host (lowercase, IPv6 without brackets) and port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The origin of an absolute http(s) URL; ValueError for anything else, or with a user in it."""
        if _UNSAFE.search(url):
            raise ValueError("it has characters that no URL has")
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("it is not an http or https URL")
        if "@" in parts.netloc:
            raise ValueError("it has a user name in it")
        return cls(parts.scheme, parts.hostname.lower(), parts.port or _PORTS[parts.scheme])

    @property
    def name(self) -> str:
        """`host`, with the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.name}"


def registry_origin(host: str, scheme: str = "https") -> Origin:
    """Where the registry that users call `host` answers."""
    return Origin.of(f"{scheme}://{_HUB_API if host == DOCKER_HUB else host}")


def target_of(url: str) -> str:
    """Path and query of a URL: what goes into the request line."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def resolve_location(home: Origin, base: str, location: str | None, what: str) -> str:
    """The absolute URL of a `Location` that the registry `home` gave in answer to `base`.

    Any origin will do, for uploads and downloads are often handed to an object store; but
    never plain http from https, and never an address closer to us than the registry is.
    """
    if not location:
        raise CloudDeployError(f"{home.name} sent no Location for {what}", fix=_NOT_A_REGISTRY)
    try:
        url = urljoin(base, location)
        target = Origin.of(url)
    except ValueError as error:
        raise _refused(home, what, str(error)) from error
    _check_reach(home, target, what)
    return url.partition("#")[0]


def resolve_page(home: Origin, base: str, location: str) -> str:
    """The URL of the next page of a list: it carries our credentials, so it stays at home."""
    url = resolve_location(home, base, location, "the next page")
    if Origin.of(url) != home:
        raise _refused(home, "the next page", "it is on another server")
    return url


def resolve_realm(home: Origin, realm: str) -> str:
    """The URL of a token server, fit to be sent the registry's credentials.

    Only https, and only when the registry itself spoke with verified TLS; plain http, or a
    registry on plain http, only on loopback.
    """
    try:
        target = Origin.of(realm)
    except ValueError as error:
        raise _refused(home, "the login", str(error)) from error
    _check_reach(home, target, "the login")
    if home.scheme == "http" and not target.loopback:
        raise _refused(home, "the login", "a registry without TLS may not name another server")
    return realm.partition("#")[0]


def _check_reach(home: Origin, target: Origin, what: str) -> None:
    if target.scheme == "http" and (home.scheme == "https" or not target.loopback):
        raise _refused(home, what, f"{target.name} would be asked without encryption")
    zone = zone_of_host(target.host)
    if zone is not None and target != home and not may_name(home_zone(home), zone):
        raise _refused(home, what, f"{target.name} is an internal address")


def home_zone(home: Origin) -> Zone:
    """The zone of a registry as far as its name tells: a name that needs DNS counts as public."""
    zone = zone_of_host(home.host)
    return Zone.PUBLIC if zone is None else max(zone, Zone.LOOPBACK)


_NOT_A_REGISTRY = "check that this host is an OCI registry"


def _refused(home: Origin, what: str, why: str) -> CloudDeployError:
    return CloudDeployError(
        f"{home.name} sent us to an unsafe URL for {what}: {why}",
        fix="nothing was sent there; tell whoever runs this registry",
    )
