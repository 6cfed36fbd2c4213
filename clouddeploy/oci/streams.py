"""Uploading a blob whose digest is known only at its end, as it is made.

One PATCH of unknown length and a closing PUT: what `docker push` does, so every registry takes
it, also those that refuse chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clouddeploy.oci.blobs import cancel, opening
from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.oci.failures import UnavailableError, failure, garbage
from clouddeploy.oci.session import Session
from clouddeploy.oci.transport import Request
from clouddeploy.oci.urls import resolve_location


@dataclass(frozen=True)
class Stream:
    """Bytes that come once, and what they were: `settle` waits for their end and may refuse them."""

    pieces: Iterator[bytes]
    settle: Callable[[], Descriptor]


def upload_stream(
    session: Session, repository: str, stream: Stream, exists: Callable[[str], bool]
) -> Descriptor:
    """Send a stream as one blob and return what it was.

    Raises UnavailableError when the bytes have to be sent again from the first one; what
    `stream` raises ends the upload, and the registry keeps nothing.
    """
    what = f"push to {repository}"
    start = opening(session, repository, what)
    where = session.retry.run(lambda: _opened(session, start))
    try:
        where = _sent(session, Request("PATCH", where, what, start.scope, _BINARY, _once(stream), None))
        blob = stream.settle()
    except BaseException:
        if not session.closed:
            cancel(session, where, what, start.scope)
        raise
    url = f"{where}{'&' if '?' in where else '?'}digest={blob.digest}"
    closing = Request("PUT", url, what, start.scope, {"Content-Length": "0"})
    session.retry.run(lambda: _closed(session, closing, blob, exists))
    return blob


_BINARY = {"Content-Type": "application/octet-stream"}


def _opened(session: Session, request: Request) -> str:
    response = session.send(request)
    if response.status != 202:
        raise failure(response.refusal(), request.what)
    response.drop()
    return resolve_location(session.home, request.url, response.headers.get("Location"), request.what)


def _sent(session: Session, request: Request) -> str:
    response = session.send(request)
    if response.status not in {201, 202, 204}:
        raise _as_lost(failure(response.refusal(), request.what), response.status)
    response.drop()
    return resolve_location(session.home, request.url, response.headers.get("Location"), request.what)


def _closed(session: Session, request: Request, blob: Descriptor, exists: Callable[[str], bool]) -> None:
    try:
        response = session.send(request)
    except UnavailableError:
        if exists(blob.digest):
            return
        raise
    if response.status == 404 and exists(blob.digest):
        response.drop()
        return
    if response.status != 201:
        raise _as_lost(failure(response.refusal(), request.what), response.status)
    response.drop()
    if response.headers.get("Docker-Content-Digest") not in {None, blob.digest}:
        raise garbage(response.origin.name, request.what, f"it kept another digest than {blob.digest}")


def _as_lost(error: Exception, status: int) -> Exception:
    """A session that is gone, or holds something else, is no verdict on the blob."""
    return UnavailableError(str(error)) if status in {400, 404, 416} else error


def _once(stream: Stream) -> Callable[[], Iterator[bytes | memoryview]]:
    taken = False

    def body() -> Iterator[bytes | memoryview]:
        nonlocal taken
        if taken:
            raise UnavailableError("a layer on its way cannot be sent again from its beginning")
        taken = True
        return stream.pieces

    return body
