"""HTTP to a Kubernetes API: credentials renewed in time, passing failures retried, errors translated.

Every request that clouddeploy sends may be sent twice: reads, server-side applies and
deletes. So a lost answer is simply asked for again.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import httpx2

from clouddeploy.errors import CredentialsError, TemporaryError
from clouddeploy.kube.clock import Clock
from clouddeploy.kube.errors import passing, refusal, unreachable
from clouddeploy.kube.tls import tls_context
from clouddeploy.seam.cluster import Credential, KubeAccess, Token
from clouddeploy.seam.proxies import proxy_for

RENEW_BEFORE = timedelta(minutes=2)
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds between attempts; a lost connection is tried only as often as `CONNECTIONS`."""
CONNECTIONS = 2
ONCE = "once"
"""Extension of a request whose answer is nice to have: it is not tried again."""
LONGEST_PAUSE = 30.0
"""Seconds that a Retry-After may ask for; more, and the person is asked to try again."""


class ApiTransport(httpx2.BaseTransport):
    """Sends requests to one cluster; safe to use from several threads.

    Raises clouddeploy's errors instead of returning an answer of status 400 or more.
    """

    def __init__(self, access: KubeAccess, clock: Clock = time) -> None:
        self._access = access
        self._clock = clock
        self._lock = threading.Lock()
        self._credential: Credential = access.credential()
        self._inner = self._connected()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer to a request, from a credential that is still valid."""
        self._renew_old()
        response = self._attempts(request)
        if response.status_code == 401:
            response.read()
            self._renew()
            response = self._attempts(request)
        if response.status_code >= 400:
            raise refusal(response.status_code, response.read(), request.method, str(request.url))
        return response

    def close(self) -> None:
        """Close the open connections."""
        self._inner.close()

    def _attempts(self, request: httpx2.Request) -> httpx2.Response:
        failures = 0
        for pause in () if ONCE in request.extensions else PAUSES:
            try:
                response = self._authorized(request)
            except TemporaryError:
                failures += 1
                if failures > CONNECTIONS:
                    raise
                wait = pause
            else:
                asked = _wait(response, pause)
                if asked is None:
                    return response
                wait = asked
            self._clock.sleep(wait)
        return self._authorized(request)

    def _authorized(self, request: httpx2.Request) -> httpx2.Response:
        if isinstance(self._credential, Token):
            request.headers["Authorization"] = f"Bearer {self._credential.value.reveal()}"
        try:
            return self._inner.handle_request(request)
        except httpx2.TransportError as error:
            raise unreachable(self._access.server, error) from error

    def _renew_old(self) -> None:
        token = self._credential
        if isinstance(token, Token) and token.expires and token.expires - datetime.now(UTC) < RENEW_BEFORE:
            self._renew()

    def _renew(self) -> None:
        with self._lock:
            before = self._credential
            self._credential = self._access.credential()
            if not isinstance(self._credential, Token) and self._credential != before:
                self._inner = self._connected()

    def _connected(self) -> httpx2.HTTPTransport:
        proxy = proxy_for(httpx2.URL(self._access.server).host)
        way = httpx2.Proxy(f"http://{proxy.name}", headers=dict(proxy.headers())) if proxy else None
        tls = tls_context(self._access, self._credential)
        return httpx2.HTTPTransport(verify=tls, trust_env=False, proxy=way)


def check_server(server: str) -> str:
    """The API's URL if credentials may be sent there: https, or http on this machine alone."""
    url = httpx2.URL(server)
    if url.scheme == "https" or (url.scheme == "http" and url.host in ("localhost", "127.0.0.1", "::1")):
        return server.rstrip("/")
    raise CredentialsError(
        f"credentials are not sent to {url.scheme}://{url.host}: it is not encrypted",
        fix="use the https address of the cluster's API",
    )


def _wait(response: httpx2.Response, pause: float) -> float | None:
    """Seconds until the next attempt, as the server asks or `pause`; None when the answer is final."""
    if response.status_code < 400 or not passing(response.status_code, response.read()):
        return None
    asked = response.headers.get("Retry-After", "")
    seconds = float(asked) if asked.isdecimal() else pause
    return seconds if seconds <= LONGEST_PAUSE else None
