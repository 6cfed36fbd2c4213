"""A registry on bad days: faults at the byte from a script, and a ledger of all that arrived.

    faulty = Faulty(OciRegistry(directory, authorize=tokens.authorize, profile=ECR), expire=tokens.expire)
    with Server(faulty) as server:
        faulty.begin([Fault("close", "reset", nth=2, offset=70_000)])
        ...
        faulty.ledger.sent()

A body is streamed through, never held.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from email.utils import formatdate
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl, urlencode

from clouddeploy.emulator.registry.endpoints import target_of
from clouddeploy.emulator.registry.ledger import Entry, Ledger
from clouddeploy.emulator.registry.script import Fault, Script
from clouddeploy.emulator.registry.wire import Body, close_after, reset, send_part

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]


def nothing() -> None:
    """Does nothing."""


class Faulty:
    """A registry, or a token server, to which a script's faults happen. Thread-safe.

    `expire` makes every token that was given out too old, `forget` loses an upload session.
    `pace` is how many seconds of a Retry-After pass in a real one: the header keeps its value,
    the ledger's pause is shorter. `hook` is what a `call` fault runs.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        expire: Callable[[], object] = nothing,
        forget: Callable[[str], object] = lambda _: None,
        pace: float = 1.0,
    ) -> None:
        self._app = app
        self._expire = expire
        self._forget = forget
        self._pace = pace
        self.hook: Callable[[], object] = nothing
        self.script = Script()
        self.ledger = Ledger()
        self._running = 0
        self._idle = threading.Condition()

    def settle(self, timeout: float = 5.0) -> bool:
        """Wait until every request that arrived was carried out or broke off; whether it was."""
        with self._idle:
            return self._idle.wait_for(lambda: self._running == 0, timeout)

    def begin(self, faults: Iterable[Fault] = (), *, keep: bool = False) -> None:
        """From now on these faults and no others; a new ledger unless `keep`."""
        self.script = Script(faults)
        if not keep:
            self.ledger = Ledger()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, as WSGI says."""
        with self._idle:
            self._running += 1
        try:
            return self._serve(environ, start_response)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"]
        ledger, target = self.ledger, target_of(method, path, query)
        whole = f"{path}?{query}" if query else path
        entry = ledger.open(environ.get("HTTP_HOST", ""), method, whole, target)
        body = environ["wsgi.input"] = Body(environ["wsgi.input"], entry.count)
        fault = self.script.take(target.endpoint)
        call = _Call(self._app, environ, start_response, ledger, entry)
        if fault is None:
            return call.serve()
        entry.fault = str(fault)
        return self._happen(fault, call, body)

    def _happen(self, fault: Fault, call: _Call, body: Body) -> Iterable[bytes]:
        environ = call.environ
        match fault.action:
            case "reset" | "stall":
                if not (fault.offset and _has_body(environ)):
                    _stall(environ, fault.seconds)
                body.stop(fault.offset or 0, lambda: _stall(environ, fault.seconds))
                return call.broken(body)
            case "status":
                return self._refuse(fault, call, body)
            case "empty":
                return call.answer(200, b"{}", [])
            case "lose":
                call.apply()
                call.close()
                reset(environ)
            case "cut":
                call.apply()
                with closing(call):
                    send_part(environ, call.status, call.headers, call.body, fault.offset or 0)
        self._prepare(fault, call, body)
        if fault.action == "call-after":
            call.apply()
            self.hook()
            return call.reply()
        return call.serve()

    def _prepare(self, fault: Fault, call: _Call, body: Body) -> None:
        match fault.action:
            case "forget":
                self._forget(call.entry.target.session)
            case "expire":
                self._expire()
            case "decline":
                query = parse_qsl(call.environ["QUERY_STRING"])
                kept = [(key, value) for key, value in query if key not in ("mount", "from")]
                call.environ["QUERY_STRING"] = urlencode(kept)
            case "call" if fault.offset and _has_body(call.environ):
                body.stop(fault.offset, self.hook)
            case "call":
                self.hook()

    def _refuse(self, fault: Fault, call: _Call, body: Body) -> Iterable[bytes]:
        headers: Headers = []
        if fault.offset is None:
            body.drain()
        else:
            _read(body, fault.offset)
            close_after(call.environ)
        if fault.retry_after is not None:
            until = ceil(time.time() + fault.retry_after)
            seconds = until - time.time() if fault.dated else fault.retry_after
            value = formatdate(until, usegmt=True) if fault.dated else str(fault.retry_after)
            headers.append(("Retry-After", value))
            call.ledger.pause(call.entry.host, seconds / self._pace)
        if fault.status == 401:
            headers += call.challenge()
        return call.answer(fault.status, _error(fault.status), headers)


class _Call:
    """One request on its way through the application; also the start_response that it is given."""

    def __init__(
        self,
        app: WSGIApplication,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        ledger: Ledger,
        entry: Entry,
    ) -> None:
        self._app = app
        self._start_response = start_response
        self.environ = environ
        self.ledger = ledger
        self.entry = entry
        self.status = ""
        self.headers: Headers = []
        self.body: Iterable[bytes] = ()

    def __call__(
        self, status: str, headers: Headers, exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        self.entry.status = int(status.split(maxsplit=1)[0])
        return lambda _: None  # werkzeug does not use it

    def apply(self) -> None:
        """Let the application do it; its answer waits."""
        self.body = self._app(self.environ, self)
        location = next((value for name, value in self.headers if name == "Location"), "")
        self.ledger.applied(self.entry, location)

    def reply(self) -> Iterable[bytes]:
        """Send the answer that waits."""
        self._start_response(self.status, self.headers)
        return self.body

    def close(self) -> None:
        """Forget the answer that waits."""
        close = getattr(self.body, "close", None)
        if close:
            close()

    def serve(self) -> Iterable[bytes]:
        self.apply()
        return self.reply()

    def broken(self, body: Body) -> Iterable[bytes]:
        """Serve a request whose body breaks off: an application that did not read it may not answer."""
        self.body = self._app(self.environ, self)
        self.close()
        body.drain()
        return reset(self.environ)

    def answer(self, status: int, body: bytes, headers: Headers) -> Iterable[bytes]:
        """Answer in the application's place."""
        self.entry.status = status
        fixed = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        self._start_response(f"{status} {HTTPStatus(status).phrase}", [*fixed, *headers])
        return [] if self.environ["REQUEST_METHOD"] == "HEAD" else [body]

    def challenge(self) -> Headers:
        """What the application asks of a client that comes without credentials, if it asks."""
        anonymous = {key: value for key, value in self.environ.items() if key != "HTTP_AUTHORIZATION"}
        asked: Headers = []

        def note(status: str, headers: Headers, _: object = None, /) -> Callable[[bytes], object]:
            asked[:] = [one for one in headers if status.startswith("401") and one[0] == "WWW-Authenticate"]
            return lambda __: None

        for method in ("GET", self.environ["REQUEST_METHOD"]):
            list(self._app({**anonymous, "REQUEST_METHOD": method}, note))
            if not asked:
                break  # it lets everybody in: a second question might be carried out
        return asked


def _has_body(environ: WSGIEnvironment) -> bool:
    return int(environ.get("CONTENT_LENGTH") or 0) > 0 or bool(environ.get("wsgi.input_terminated"))


def _stall(environ: WSGIEnvironment, seconds: float) -> NoReturn:
    time.sleep(seconds)
    reset(environ)


def _read(body: Body, size: int) -> None:
    while size > 0 and (piece := body.read(min(size, 1 << 18))):
        size -= len(piece)


def _error(status: int) -> bytes:
    code = {401: b"UNAUTHORIZED", 403: b"DENIED", 429: b"TOOMANYREQUESTS"}.get(status, b"UNKNOWN")
    return b'{"errors": [{"code": "%s", "message": "on purpose"}]}' % code
