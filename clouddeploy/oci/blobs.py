"""Uploading one blob: open a session, send what is missing, close it; after any doubt ask.

Only one rule survives what registries do (lost replies, stale ranges, sessions that vanish):
the digest decides. A doubtful end is settled by looking whether the blob is there; a session is
gone on with only as far as the registry says it has got, and given up when that proves wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import quote

from clouddeploy.errors import CloudDeployError, CredentialsError, TemporaryError
from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.oci.failures import UnavailableError, failure, garbage
from clouddeploy.oci.session import Session
from clouddeploy.oci.transport import Request, Response
from clouddeploy.oci.urls import resolve_location
from clouddeploy.oci.verify import Sender

_NO_CHUNKS = {400, 405, 413, 415, 501}
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)", re.ASCII)


@dataclass(frozen=True)
class Uploaded:
    """How a blob got there: `mounted` from another repository, or `sent` bytes of it."""

    sent: int = 0
    mounted: bool = False


@dataclass(frozen=True)
class Wish:
    """What is to be uploaded where.

    `exists` asks the registry whether it has the blob. `mount` is a repository of the same
    registry that has it. `resume` is an upload session that an earlier process left open, and
    `started` hears of the one that is opened here.
    """

    repository: str
    blob: Descriptor
    exists: Callable[[], bool]
    mount: str | None = None
    resume: str | None = None
    started: Callable[[str], object] = lambda _: None


def upload(session: Session, wish: Wish, body: Sender) -> Uploaded:
    """Bring a blob into a repository; tried again as `session.retry` says."""
    work = _Upload(session, wish, body)
    try:
        return session.retry.run(work.attempt)
    finally:
        body.close()


class _Upload:
    """One blob on its way; remembers between tries how far it has got."""

    def __init__(self, session: Session, wish: Wish, body: Sender) -> None:
        self._session = session
        self._wish = wish
        self._body = body
        self._where: str | None = None
        self._offset = 0
        self._resumed: int | None = None  # the offset that the registry named last
        self._there_before = 0
        self._mount = wish.mount
        self._left_open = wish.resume
        self.what = f"push to {wish.repository}"
        self._scope = f"repository:{wish.repository}:pull,push"

    def attempt(self) -> Uploaded:
        if self._left_open:
            home, self._left_open, where = self._session.home, None, self._left_open
            with suppress(CloudDeployError):
                self._where = resolve_location(home, str(home), where, self.what)
            self._ask_how_far()
            self._there_before = self._offset
        if self._where is None and self._open():
            return Uploaded(mounted=True)
        try:
            self._send()
        except UnavailableError:
            if not self._wish.exists():
                self._ask_how_far()
                raise
        return Uploaded(self._wish.blob.size - self._there_before)

    def _open(self) -> bool:
        """Open a session; True when the registry mounted the blob instead."""
        response = self._mounting() if self._mount else None
        if response is not None and response.status == 201:
            response.drop()
            return True
        if response is None:
            response = self._session.send(opening(self._session, self._wish.repository, self.what))
        if response.status != 202:
            raise failure(response.refusal(), self.what)
        response.drop()
        least = response.headers.get("OCI-Chunk-Min-Length", "")
        if least.isascii() and least.isdigit():
            self._session.chunks.at_least(int(least[:12]))
        self._go_on_at(response, self._session.url(f"/v2/{self._wish.repository}/blobs/uploads/"), 0)
        return False

    def _mounting(self) -> Response | None:
        """The answer to a mount, which may open a session instead; None when it was refused."""
        holder, self._mount = self._mount or "", None
        return _ask_mount(self._session, self._wish.repository, self._wish.blob.digest, holder)

    def _send(self) -> None:
        size, chunks = self._wish.blob.size, self._session.chunks
        while chunks.allowed and size - self._offset > chunks.size:
            self._send_chunk(self._offset + chunks.size)
        self._close()

    def _send_chunk(self, end: int) -> None:
        response = self._session.send(self._carrying("PATCH", self._here(), self._offset, end))
        # The specification says 202; ECR says 201 (cirruslabs/tart#273), others 204.
        if response.status in {201, 202, 204}:
            response.drop()
            self._go_on_at(response, self._here(), end)
            return
        if response.status not in _NO_CHUNKS or not self._session.chunks.refused(response.status):
            raise self._interrupted(response)
        response.drop()
        self._restart()

    def _close(self) -> None:
        blob, where = self._wish.blob, self._here()
        url = f"{where}{'&' if '?' in where else '?'}digest={blob.digest}"
        response = self._session.send(self._carrying("PUT", url, self._offset, blob.size))
        host = response.origin.name
        if response.status in {200, 204}:
            response.drop()
            raise UnavailableError(f"{host} did not say that it kept {blob.digest}")
        if response.status == 413 and self._session.chunks.refused(413, blob.size - self._offset):
            response.drop()
            self._forget()
            raise UnavailableError(f"{host} takes no {blob.size} bytes at once")
        if self._offset and response.status in _NO_CHUNKS and self._session.chunks.refused(response.status):
            response.drop()  # pieces were begun before another blob's were refused
            self._restart()
            self._close()
            return
        if response.status != 201:
            raise self._interrupted(response)
        response.drop()
        said = response.headers.get("Docker-Content-Digest")
        if said not in {None, blob.digest}:
            raise garbage(host, self.what, f"it kept another digest than {blob.digest}")

    def _interrupted(self, response: Response) -> CloudDeployError:
        """The error of a refused part; in a session that was gone on with, another session may do."""
        lost = UnavailableError(f"{response.origin.name} lost the upload while we tried to {self.what}")
        if response.status == 416:
            response.drop()
            return lost
        if response.status == 404 or (self._resumed is not None and response.status == 400):
            response.drop()
            self._forget()
            return lost
        return failure(response.refusal(), self.what)

    def _carrying(self, method: str, url: str, start: int, end: int) -> Request:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(end - start)}
        if start or method == "PATCH":
            headers["Content-Range"] = f"{start}-{end - 1}"

        def body() -> Iterator[bytes | memoryview]:
            return self._body.part(start, end)

        return Request(method, url, self.what, self._scope, headers, body, end - start)

    def _ask_how_far(self) -> None:
        """Learn from the registry which bytes it has; without progress the session is given up.

        ECR names the end of the first chunk for ever (aws/containers-roadmap#2831).
        """
        where, before = self._where, self._resumed
        self._forget()
        if where is None:
            return
        try:
            response = self._session.send(Request("GET", where, self.what, self._scope, repeatable=True))
        except CloudDeployError:
            return
        response.drop()
        end = _received(response)
        if end is None or end > self._wish.blob.size or (before is not None and end <= before):
            return
        self._resumed = end
        self._go_on_at(response, where, end)

    def _go_on_at(self, response: Response, base: str, offset: int) -> None:
        location = response.headers.get("Location")
        self._where = resolve_location(self._session.home, base, location, self.what)
        self._offset = offset
        self._wish.started(self._where)

    def _here(self) -> str:
        if self._where is None:
            raise UnavailableError(f"{self._session.home.name} lost the upload while we tried to {self.what}")
        return self._where

    def _restart(self) -> None:
        """A fresh session for the same try."""
        cancel(self._session, self._here(), self.what, self._scope)
        self._forget()
        self._open()

    def _forget(self) -> None:
        self._where, self._offset, self._resumed = None, 0, None


def _received(response: Response) -> int | None:
    """How many bytes a session has; None when the answer does not tell, or where to go on."""
    found = _RANGE.fullmatch(response.headers.get("Range", ""))
    if response.status != 204 or not found or "Location" not in response.headers:
        return None
    return int(found[1]) + 1 if found[1] != "0" else 0  # `0-0` also stands for nothing


def opening(session: Session, repository: str, what: str) -> Request:
    """The request that opens an upload session."""
    url = session.url(f"/v2/{repository}/blobs/uploads/")
    return Request("POST", url, what, f"repository:{repository}:pull,push", {"Content-Length": "0"})


def mount(session: Session, repository: str, digest: str, holder: str) -> bool:
    """Take a blob over from another repository; a session that is opened instead is cancelled."""
    response = _ask_mount(session, repository, digest, holder)
    if response is None:
        return False
    response.drop()
    if response.status == 201:
        return True
    request = opening(session, repository, f"push to {repository}")
    with suppress(CloudDeployError):
        where = resolve_location(session.home, request.url, response.headers.get("Location"), request.what)
        cancel(session, where, request.what, request.scope)
    return False


def _ask_mount(session: Session, repository: str, digest: str, holder: str) -> Response | None:
    request = opening(session, repository, f"push to {repository}")
    url = f"{request.url}?mount={digest}&from={quote(holder, safe='')}"
    try:
        response = session.send(replace(request, url=url, scope=f"{request.scope} repository:{holder}:pull"))
    except (CredentialsError, TemporaryError):
        return None
    if response.status in {201, 202}:
        return response
    response.drop()
    return None


def cancel(session: Session, where: str, what: str, scope: str) -> None:
    """Tell the registry that a session is not wanted any more; a courtesy, so failures do not matter."""
    with suppress(CloudDeployError):
        session.send(Request("DELETE", where, what, scope)).drop()
