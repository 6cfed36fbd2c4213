"""One try at uploading one blob: open a session, send everything, close it.

Whole blobs in one PUT are what every registry takes; Google's takes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.oci.failures import UnavailableError, failure, garbage
from clouddeploy.oci.session import Session
from clouddeploy.oci.transport import Request, Response
from clouddeploy.oci.urls import resolve_location
from clouddeploy.oci.verify import Sender


def upload(
    session: Session, repository: str, blob: Descriptor, body: Sender, exists: Callable[[], bool]
) -> None:
    """Upload a blob; `exists` asks the registry whether it has it, after a doubtful answer."""
    session.retry.run(lambda: _try(session, repository, blob, body, exists))


def _try(
    session: Session, repository: str, blob: Descriptor, body: Sender, exists: Callable[[], bool]
) -> None:
    what, scope = f"push to {repository}", f"repository:{repository}:pull,push"
    start = Request(
        "POST",
        session.url(f"/v2/{repository}/blobs/uploads/"),
        what,
        scope,
        {"Content-Length": "0"},
    )
    response = session.send(start)
    if response.status != 202:
        raise failure(response.refusal(), what)
    response.drop()
    where = resolve_location(session.home, start.url, response.headers.get("Location"), what)
    closing = Request(
        "PUT",
        f"{where}{'&' if '?' in where else '?'}digest={blob.digest}",
        what,
        scope,
        {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)},
        body,
        blob.size,
    )
    try:
        _check_kept(session.send(closing), blob, what)
    except UnavailableError:
        # The reply may be lost though the blob is kept; the session may be gone though it is not.
        if not exists():
            raise


def _check_kept(response: Response, blob: Descriptor, what: str) -> None:
    host = response.origin.name
    if response.status == 404:
        raise UnavailableError(f"{host} lost the upload while we tried to {what}")
    if response.status in {200, 204}:
        response.drop()
        raise UnavailableError(f"{host} did not say that it kept {blob.digest}")
    if response.status != 201:
        raise failure(response.refusal(), what)
    response.drop()
    said = response.headers.get("Docker-Content-Digest")
    if said not in {None, blob.digest}:
        raise garbage(host, what, f"it kept another digest than {blob.digest}")
