"""Requests to one registry with everything around them: scheme, login, redirects, retries."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from clouddeploy import __version__
from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy.oci.auth import Authenticator
from clouddeploy.oci.chunks import Chunks
from clouddeploy.oci.failures import RETRIABLE, UnavailableError, failure
from clouddeploy.oci.retry import Pauses, Retry, retry_after
from clouddeploy.oci.transport import Request, Response, Transport
from clouddeploy.oci.urls import Origin, registry_origin, resolve_location
from clouddeploy.seam.registry import Login
from clouddeploy.seam.secret import Secret

_T = TypeVar("_T")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_MOST_LOGINS = 2  # one to learn what is wanted, one for credentials that expired meanwhile


class Session:
    """One registry; thread-safe."""

    def __init__(
        self, host: str, login: Callable[[], Login | None], timeout: float, retry: Retry | None
    ) -> None:
        # Connecting takes its time, and another answer may have asked for a pause meanwhile.
        self.transport = Transport(timeout, lambda origin: self._pauses.keep(origin.name))
        self.retry = retry or Retry(sleep=self.transport.closed.wait)
        self.chunks = Chunks()
        self._pauses = Pauses(self.retry)
        self._host = host
        self._auth = Authenticator(host, login, self._ask_token)
        self._home: Origin | None = None
        self._lock = threading.Lock()

    @property
    def home(self) -> Origin:
        """Where the registry is; on loopback https is tried first, then plain http, as Docker does."""
        with self._lock:
            if self._home is None:
                self._home = self._find_home()
                self.transport.at_home(self._home)
            return self._home

    @property
    def challenged(self) -> bool:
        """Whether the registry has asked for a login so far."""
        return self._auth.challenged

    def url(self, path: str) -> str:
        """The absolute URL of a path of the registry's API."""
        return f"{self.home}{path}"

    def send(self, request: Request) -> Response:
        """The answer to a request, whatever its status; repeated when the request allows it.

        Raises UnavailableError for 408, 429, 5xx and lost connections after the last try.
        """
        return self._tried(request, lambda: self._once(request))

    def fetch(self, request: Request, most: int) -> tuple[Response, bytes]:
        """The answer with status 200 to a request, and its body of up to `most` bytes.

        A body that breaks off is asked for again as a lost answer is. Raises what any other
        status means.
        """
        return self._tried(request, lambda: self._whole(request, most))

    @property
    def closed(self) -> bool:
        """Whether everything was ended."""
        return self.transport.closed.is_set()

    def close(self) -> None:
        """End everything; requests of other threads fail at once."""
        self.transport.close()

    def _find_home(self) -> Origin:
        secure = registry_origin(self._host)
        if not secure.loopback or self.transport.speaks_tls(secure):
            return secure
        return registry_origin(self._host, "http")

    def _tried(self, request: Request, call: Callable[[], _T]) -> _T:
        return self.retry.run(call) if request.repeatable else call()

    def _whole(self, request: Request, most: int) -> tuple[Response, bytes]:
        response = self._once(request)
        response.expect(200, request.what)
        return response, response.read(most)

    def _once(self, request: Request) -> Response:
        return _available(self._authorised(request), request.what)

    def _ask_token(self, request: Request, headers: dict[str, str], most: int) -> tuple[Response, bytes]:
        """A token server's answer and, with status 200, its body.

        It has tries of its own, and the last failure is final: who needs the token would
        multiply them.
        """

        def once() -> tuple[Response, bytes]:
            response = _available(self._exchange(request, request.url, headers), request.what)
            return response, response.read(most) if response.status == 200 else b""

        try:
            return self.retry.run(once)
        except UnavailableError as error:
            raise TemporaryError(error.message, fix=error.fix, code=error.code) from error

    def _authorised(self, request: Request) -> Response:
        home = self.home
        sent = self._auth.header(home, request.scope)
        response = self._redirected(request, sent)
        for _ in range(_MOST_LOGINS):
            if response.status != 401 or response.origin != home:
                break
            again = self._answer(home, request, response, sent)
            if again is None:
                break
            response.drop()
            sent = again
            response = self._redirected(request, sent)
        return response

    def _answer(
        self, home: Origin, request: Request, refused: Response, sent: Secret | None
    ) -> Secret | None:
        try:
            wanted = refused.headers.getlist("WWW-Authenticate")
            return self._auth.answer(home, request.scope, wanted, sent)
        except BaseException:
            refused.drop()
            raise

    def _redirected(self, request: Request, authorization: Secret | None) -> Response:
        url = request.url
        for _ in range(_MOST_REDIRECTS):
            response = self._exchange(request, url, self._credentials(url, authorization))
            if not request.follow or response.status not in _REDIRECTS:
                return response
            response.drop()
            url = resolve_location(self.home, url, response.headers.get("Location"), request.what)
        raise CloudDeployError(
            f"{self.home.name} redirects again and again when asked to {request.what}",
            fix="tell whoever runs this registry",
        )

    def _credentials(self, url: str, authorization: Secret | None) -> dict[str, str]:
        if authorization is None or Origin.of(url) != self.home:
            return {}
        return {"Authorization": authorization.reveal()}

    def _exchange(self, request: Request, url: str, headers: dict[str, str]) -> Response:
        common = {"User-Agent": f"clouddeploy/{__version__}", "Accept-Encoding": "identity"}
        host = Origin.of(url).name
        self._pauses.keep(host)
        response = self.transport.exchange(request, url, {**common, **headers})
        if response.status in RETRIABLE:
            self._pauses.ask(host, retry_after(response.headers.get("Retry-After")) or 0)
        return response


def _available(response: Response, what: str) -> Response:
    """A response that is an answer; UnavailableError for one that says to come again."""
    if response.status in RETRIABLE:
        raise failure(response.refusal(), what)
    return response
