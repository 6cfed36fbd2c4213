"""Bad days for an emulated cloud: a WSGI middleware that throttles, fails, stalls and loses replies.

    faults = Faults(app)
    server = Server(faults)
    faults.throttle(2, retry_after=1)
    faults.lose_reply(lambda request: request.method == "POST")

Of several rules that match a request the oldest one decides, until it is used up.
"""

from __future__ import annotations

import errno
import io
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BODY_CAP = 1 << 20
"""Bytes of a request's body that rules see and that are recorded; the application gets all of it."""


@dataclass(frozen=True)
class Request:
    """What a rule sees: `path` with its query, header names in lower case, the body's first bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Recorded(NamedTuple):
    """A request that arrived, without its headers: they hold credentials."""

    method: str
    path: str
    body: bytes


class Monotonic(Protocol):
    """A clock in seconds; the module `time` is one."""

    def monotonic(self) -> float: ...


Match = Callable[[Request], bool]
Hook = Callable[[Request], object]


def anything(_: Request) -> bool:
    """Matches every request."""
    return True


def writes(request: Request) -> bool:
    """Matches requests whose method may change something."""
    return request.method not in ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Reply:
    """An answer instead of the application's."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class _Rule:
    """What happens to the next `left` requests that match."""

    match: Match
    left: int
    reply: Reply | None  # None drops the connection
    applied: bool = False


@dataclass
class _Point:
    """A hook for the `left`th matching request from now on."""

    match: Match
    left: int
    hook: Hook


@dataclass(frozen=True)
class _Verdict:
    """All that happens to one request."""

    rule: _Rule | None
    before: list[Hook]
    after: list[Hook]
    pause: float


class Faults:
    """An application as it is on a bad day; without rules it is passed through unchanged.

    `record` holds what arrived, oldest first. Safe to use from several threads.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._lock = threading.Lock()
        self.record: list[Recorded] = []
        self._rules: list[_Rule] = []
        self._before: list[_Point] = []
        self._after: list[_Point] = []
        self._slow: list[tuple[Match, float]] = []
        self._outage: tuple[Monotonic, float, Reply] | None = None

    def clear(self) -> None:
        """Forget every rule, every hook and the record."""
        with self._lock:
            for each in (self.record, self._rules, self._before, self._after, self._slow):
                each.clear()
            self._outage = None

    def throttle(
        self,
        times: int = 1,
        *,
        status: int = 429,
        retry_after: int | None = None,
        match: Match = anything,
        body: bytes | str = b"",
    ) -> None:
        """Refuse the next `times` matching requests, with `Retry-After` in seconds if given."""
        headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
        self._add(_Rule(match, times, Reply(status, _bytes(body), headers)))

    def fail(self, status: int, times: int = 1, *, match: Match = anything, body: bytes | str = b"") -> None:
        """Answer the next `times` matching requests with `status`; nothing is applied."""
        self._add(_Rule(match, times, Reply(status, _bytes(body))))

    def drop(self, match: Match = anything, times: int = 1) -> None:
        """Hang up on the next `times` matching requests; nothing is applied."""
        self._add(_Rule(match, times, None))

    def lose_reply(self, match: Match = anything, times: int = 1, *, status: int | None = None) -> None:
        """Apply the next `times` matching requests, then hang up, or answer `status` such as 502."""
        reply = None if status is None else Reply(status)
        self._add(_Rule(match, times, reply, applied=True))

    def outage(self, seconds: float, clock: Monotonic = time, *, status: int = 503) -> None:
        """Answer everything with `status` until `seconds` have passed on `clock`."""
        with self._lock:
            self._outage = (clock, clock.monotonic() + seconds, Reply(status))

    def slow(self, seconds: float, match: Match = anything) -> None:
        """Hold every matching request back for `seconds` of real time."""
        with self._lock:
            self._slow.append((match, seconds))

    def before(self, count: int, hook: Hook, match: Match = anything) -> None:
        """Call `hook` when the `count`th matching request from now on arrives, 1 for the next.

        It has not been applied: a kill point. A hook that raises ConnectionError hangs up.
        """
        with self._lock:
            self._before.append(_Point(match, count, hook))

    def after(self, count: int, hook: Hook, match: Match = anything) -> None:
        """As `before`, once the request has been applied and before its reply is sent."""
        with self._lock:
            self._after.append(_Point(match, count, hook))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, as WSGI says."""
        request = _read(environ)
        verdict = self._judge(request)
        if verdict.pause:
            time.sleep(verdict.pause)
        for hook in verdict.before:
            hook(request)
        rule = verdict.rule
        if rule and not rule.applied:
            return _answer(rule.reply, start_response)
        if not rule and not verdict.after:
            return self._app(environ, start_response)
        kept = _Kept()
        body = kept.run(self._app, environ)
        for hook in verdict.after:
            hook(request)
        if rule:
            return _answer(rule.reply, start_response)
        start_response(kept.status, kept.headers)
        return [body]

    def _add(self, rule: _Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def _judge(self, request: Request) -> _Verdict:
        with self._lock:
            self.record.append(Recorded(request.method, request.path, request.body))
            before, after = _due(self._before, request), _due(self._after, request)
            pause = sum(seconds for match, seconds in self._slow if match(request))
            return _Verdict(self._rule(request), before, after, pause)

    def _rule(self, request: Request) -> _Rule | None:
        if self._outage:
            clock, end, reply = self._outage
            if clock.monotonic() < end:
                return _Rule(anything, 1, reply)
            self._outage = None
        for rule in self._rules:
            if rule.left > 0 and rule.match(request):
                rule.left -= 1
                return rule
        return None


class _Kept:
    """A start_response that remembers instead of sending."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self._written: list[bytes] = []

    def run(self, app: WSGIApplication, environ: WSGIEnvironment) -> bytes:
        """The body of the application's answer."""
        chunks = app(environ, self)
        try:
            return b"".join((*chunks, *self._written))
        finally:
            close = getattr(chunks, "close", None)
            if close:
                close()

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        return self._written.append


class _Rest(io.RawIOBase):
    """What was read already, and then the rest of the stream."""

    def __init__(self, head: bytes, rest: io.BufferedIOBase) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._head.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _due(points: list[_Point], request: Request) -> list[Hook]:
    due = []
    for point in [point for point in points if point.match(request)]:
        point.left -= 1
        if point.left == 0:
            points.remove(point)
            due.append(point.hook)
    return due


def _read(environ: WSGIEnvironment) -> Request:
    query = environ.get("QUERY_STRING", "")
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return Request(
        environ["REQUEST_METHOD"],
        f"{path}?{query}" if query else path,
        dict(_headers(environ)),
        _peek(environ),
    )


def _headers(environ: WSGIEnvironment) -> Iterator[tuple[str, str]]:
    for key, value in environ.items():
        name = key.removeprefix("HTTP_")
        if name != key or key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            yield name.replace("_", "-").lower(), str(value)


def _peek(environ: WSGIEnvironment) -> bytes:
    """The body's first bytes; the application finds it whole."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    if not (length or chunked):
        return b""
    stream = environ["wsgi.input"]
    head = stream.read(BODY_CAP if chunked else min(length, BODY_CAP))
    environ["wsgi.input"] = io.BufferedReader(_Rest(head, stream))
    return bytes(head)


def _answer(reply: Reply | None, start_response: StartResponse) -> Iterable[bytes]:
    if reply is None:
        # The server closes the connection of a handler that reports a lost peer.
        raise ConnectionResetError(errno.ECONNRESET, "dropped on purpose")
    phrase = HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else "Unknown"
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(reply.body)))]
    start_response(f"{reply.status} {phrase}", [*headers, *reply.headers])
    return [reply.body]


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body
