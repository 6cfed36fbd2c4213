"""One HTTP exchange: no cookies, no netrc, no redirects; failures in our words."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.addresses import Zone, may_name, zone_of
from clouddeploy.oci.connections import Connections
from clouddeploy.oci.dialing import known_addresses
from clouddeploy.oci.failures import Refusal, UnavailableError, clean, failure, garbage
from clouddeploy.oci.retry import retry_after
from clouddeploy.oci.urls import Origin, target_of

_CONNECT_TIMEOUT = 15.0
_PROBE_TIMEOUT = 5.0
_MOST_ERROR_BYTES = 64 * 1024

Body = Callable[[], Iterator[bytes | memoryview]]
"""Starts a request's body from its first byte; called again when the request is repeated."""


@dataclass(frozen=True)
class Request:
    """One request; `size` is the body's length in bytes, None when only its end will tell.

    `what` goes behind "to" in errors.
    `scope` is the token scope it needs. `repeatable` requests are tried again after a failure;
    `follow` ones are redirected.
    """

    method: str
    url: str
    what: str
    scope: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    size: int | None = 0
    repeatable: bool = False
    follow: bool = False


class Response:
    """An answer whose body is still on the wire: read it, stream it or drop it."""

    def __init__(self, origin: Origin, raw: urllib3.BaseHTTPResponse) -> None:
        self.origin = origin
        self.raw = raw
        self.status = raw.status
        self.headers = raw.headers

    @property
    def content_type(self) -> str:
        """Without parameters, in lowercase."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def read(self, most: int) -> bytes:
        """The whole body; CloudDeployError when it is longer than `most` bytes."""
        body = self._read(most + 1)
        if len(body) > most:
            self.raw.close()
            raise CloudDeployError(
                f"{self.origin.name} sent more than {most} bytes where a small document belongs",
                fix="check that this host is an OCI registry",
            )
        self.raw.release_conn()
        return body

    def expect(self, status: int, what: str) -> None:
        """Raise what any other status means for who wanted to do `what`."""
        if self.status == status:
            return
        if self.status < 400:
            self.drop()
            raise garbage(self.origin.name, what, f"it answered HTTP {self.status}")
        raise failure(self.refusal(), what)

    def drop(self) -> None:
        """Forget the body, whole or not; the connection is kept when little of it is left."""
        with suppress(UnavailableError):  # the head has said it all
            if len(self._read(_MOST_ERROR_BYTES)) < _MOST_ERROR_BYTES:
                self.raw.release_conn()
            else:
                self.raw.close()

    def refusal(self) -> Refusal:
        """The answer as far as an error needs it; without its words when they break off."""
        body = b""
        with suppress(UnavailableError):
            body = self._read(_MOST_ERROR_BYTES)
        self.raw.close()
        after = retry_after(self.headers.get("Retry-After"))
        return Refusal(self.origin.name, self.status, self.content_type, body, after)

    def _read(self, amount: int) -> bytes:
        """Up to `amount` bytes; fewer only at the end, which is where urllib3 notices a cut body."""
        pieces, missing = [], amount
        try:
            while missing and (piece := self.raw.read(missing)):
                pieces.append(piece)
                missing -= len(piece)
        except (HTTPError, OSError, http.client.HTTPException) as error:
            self.raw.close()
            raise lost(self.origin, error) from error
        return b"".join(pieces)


class Transport:
    """Sends requests for one registry; counts them. Thread-safe.

    `timeout` is how many seconds a server may stay silent. `ready` is called with the origin of
    each new connection before anything is sent, and may wait.
    """

    def __init__(self, timeout: float, ready: Callable[[Origin], object] = lambda _: None) -> None:
        self.requests = 0
        self.closed = threading.Event()
        self._timeout = timeout
        self._home_host = ""
        self._home_zone = Zone.NEVER  # not connected yet
        self._lock = threading.Lock()
        self._connections = Connections(self._judge, self._met, ready, timeout)

    def at_home(self, home: Origin) -> None:
        """Say which host is the registry itself: it decides how far others may send us."""
        self._home_host = home.host

    def exchange(self, request: Request, url: str, headers: Mapping[str, str]) -> Response:
        """Send `request` to `url` once.

        Raises UnavailableError when no answer came, CloudDeployError when TLS failed or the
        peer is forbidden.
        """
        if self.closed.is_set():
            raise _closed(request.what)
        with self._lock:
            self.requests += 1
        origin = Origin.of(url)
        pool = self._pools.connection_from_host(origin.host, origin.port, origin.scheme)
        body: Any = request.body() if request.body and request.size != 0 else None
        try:
            raw = pool.urlopen(
                request.method,
                target_of(url),
                body=body,
                headers={**headers, **request.headers},
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError, http.client.HTTPException) as error:
            if self.closed.is_set():
                raise _closed(request.what) from error
            raise lost(origin, error) from error
        return Response(origin, raw)

    def speaks_tls(self, origin: Origin) -> bool:
        """Whether a TLS handshake gets anywhere, be the certificate good or bad."""
        address = (origin.host, origin.port)
        try:
            with (
                socket.create_connection(address, timeout=_PROBE_TIMEOUT) as sock,
                self._tls.wrap_socket(sock, server_hostname=origin.host),
            ):
                return True
        except ssl.SSLCertVerificationError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """End everything, also what other threads are waiting for."""
        self.closed.set()
        self._connections.abort()
        self._pools.clear()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return _trusting(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))

    @cached_property
    def _pools(self) -> urllib3.PoolManager:
        timeout = urllib3.Timeout(connect=min(_CONNECT_TIMEOUT, self._timeout), read=self._timeout)
        pools = urllib3.PoolManager(maxsize=16, timeout=timeout, ssl_context=self._tls)
        pools.pool_classes_by_scheme = self._connections.pool_classes()
        return pools

    def _judge(self, host: str, address: str) -> None:
        if self._is_home(host) or may_name(self._home_zone or Zone.PUBLIC, zone_of(address)):
            return
        raise CloudDeployError(
            f"{self._home_host} sent us to {host}, which is an internal address",
            fix="nothing was sent there; tell whoever runs this registry",
        )

    def _met(self, host: str, peer: str | None) -> None:
        if self._is_home(host):
            # The furthest seen: a name that answers from inside later gains nothing by it.
            self._home_zone = max(self._home_zone, zone_of(peer) if peer else Zone.PUBLIC, Zone.LOOPBACK)
            return
        # Behind a proxy nobody tells who is met: what is known here of the name has to do.
        for address in [peer] if peer else known_addresses(host):
            self._judge(host, address)

    def _is_home(self, host: str) -> bool:
        return host.strip("[]").lower() == self._home_host


@cache
def _trusting(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """The system's authorities, or those that the environment names; 2 MB, shared by all registries."""
    return ssl.create_default_context()


def lost(origin: Origin, error: Exception) -> CloudDeployError:
    """What a failed exchange means; only a certificate that cannot be trusted is final."""
    name = origin.name
    match error:
        case SSLError() | ssl.SSLError() if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return _untrusted(name, error)
        case SSLError() | ssl.SSLError() if "EOF" not in str(error):
            return CloudDeployError(
                f"{name} does not speak TLS as expected: {clean(str(error))}",
                fix="check the host and port; plain http is used for localhost only",
            )
        case NameResolutionError():
            return UnavailableError(f"{name} could not be reached: its name is not known to DNS")
        case NewConnectionError():
            return UnavailableError(f"{name} could not be reached: {_reason(error)}")
        case ConnectTimeoutError():
            return UnavailableError(f"{name} could not be reached: no answer to a connection")
        case ReadTimeoutError() | TimeoutError():
            return UnavailableError(f"{name} stopped answering")
    return UnavailableError(f"{name} broke the connection off")


def _untrusted(name: str, error: Exception) -> CloudDeployError:
    found = error.args[0] if error.args else error
    reason = getattr(found, "verify_message", "") or str(found)
    return CloudDeployError(
        f"{name} has a TLS certificate that cannot be trusted: {clean(reason)}",
        fix="put the registry's CA certificate (PEM) in a file and name it in SSL_CERT_FILE",
    )


def _reason(error: Exception) -> str:
    cause = error.__cause__
    return (cause.strerror or "no connection").lower() if isinstance(cause, OSError) else "no connection"


def _closed(what: str) -> CloudDeployError:
    return CloudDeployError(f"interrupted before it could {what}", fix="run the same command again")
