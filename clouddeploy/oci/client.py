"""A client for one OCI registry: manifests, blobs, tags.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Self, cast
from urllib.parse import quote

from clouddeploy.contract import Login
from clouddeploy.oci import blobs
from clouddeploy.oci.blobs import Uploaded
from clouddeploy.oci.descriptor import (
    INDEXES,
    MANIFESTS,
    Descriptor,
    check_digest,
    digest_of,
    is_digest,
)
from clouddeploy.oci.document import parse_document
from clouddeploy.oci.failures import failure, garbage
from clouddeploy.oci.journal import Journal
from clouddeploy.oci.reference import is_host, is_repository, is_tag
from clouddeploy.oci.retry import Retry
from clouddeploy.oci.session import Session
from clouddeploy.oci.streams import Stream, upload_stream
from clouddeploy.oci.transport import Request, Response, lost
from clouddeploy.oci.urls import resolve_page
from clouddeploy.oci.verify import Sender, VerifyingReader

LARGEST_MANIFEST = 4 * 1024 * 1024
"""Bytes; what every registry has to take (distribution-spec, Pushing Manifests)."""

_LARGEST_PAGE = 8 * 1024 * 1024
_MOST_PAGES = 1000
_ACCEPT = {"Accept": ", ".join(sorted(MANIFESTS | INDEXES))}


def no_login() -> Login | None:
    """Nobody: for registries that are open to all."""
    return None


def ignore(_: int) -> None:
    """Counts nothing."""


class RegistryClient:
    """Talks to the registry at `host[:port]`. Thread-safe; a context manager.

    `login` is called when the registry asks, again when what it gave has less than 10 minutes
    to live, and when the registry refuses it. `timeout` is how many seconds the registry may
    stay silent. `journal` remembers uploads for the next process. Every method raises
    CredentialsError (401, 403), NotFoundError (404), TemporaryError (408, 429, 5xx, no
    connection, after six tries) or CloudDeployError (anything that no registry should answer);
    messages name the host, never a credential.
    """

    def __init__(
        self,
        host: str,
        login: Callable[[], Login | None] = no_login,
        *,
        timeout: float = 60.0,
        retry: Retry | None = None,
        journal: Journal | None = None,
    ) -> None:
        if not is_host(host):
            raise ValueError(f"{host!r} is not a host name with an optional port")
        self.host = host
        self.journal = journal or Journal()
        self._session = Session(host, login, timeout, retry)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; requests that other threads wait for fail at once."""
        self._session.close()

    @property
    def requests(self) -> int:
        """How many HTTP requests were sent so far."""
        return self._session.transport.requests

    def head_manifest(self, repository: str, reference: str) -> Descriptor | None:
        """What the registry says about a tag or digest; None when there is no such manifest.

        The digest is the registry's word: `get_manifest` proves it.
        """
        what = f"look up {_named(repository, reference)}"
        response = self._send("HEAD", repository, f"manifests/{reference}", what, headers=_ACCEPT)
        response.drop()
        if response.status == 404:
            return None
        _expect(response, 200, what)
        headers = response.headers
        digest, size = headers.get("Docker-Content-Digest"), headers.get("Content-Length", "")
        if digest is None or not size.isdigit() or response.content_type not in MANIFESTS | INDEXES:
            return self.get_manifest(repository, reference)[0]
        _check_said(response, reference if is_digest(reference) else digest, what)
        try:
            return Descriptor(response.content_type, check_digest(digest), int(size))
        except ValueError as error:
            raise garbage(response.origin.name, what, str(error)) from error

    def get_manifest(self, repository: str, reference: str) -> tuple[Descriptor, bytes]:
        """A manifest or index by tag or digest, checked against its digest, and its bytes."""
        what = f"read {_named(repository, reference)}"
        response = self._send("GET", repository, f"manifests/{reference}", what, headers=_ACCEPT)
        _expect(response, 200, what)
        host, media_type = response.origin.name, response.content_type
        body = response.read(LARGEST_MANIFEST)
        try:
            media_type = parse_document(body, media_type).media_type
        except ValueError as error:
            raise garbage(host, what, str(error)) from error
        algorithm = reference.partition(":")[0] if is_digest(reference) else "sha256"
        digest = digest_of(body, algorithm)
        if is_digest(reference) and digest != reference:
            raise garbage(host, what, f"the content has the digest {digest}")
        _check_said(response, digest, what)
        return Descriptor(media_type, digest, len(body)), body

    def put_manifest(self, repository: str, reference: str, body: bytes, media_type: str) -> str:
        """Store a manifest or index under a tag or its digest, and return its digest."""
        what = f"push {_named(repository, reference)}"
        headers = {"Content-Type": media_type, "Content-Length": str(len(body))}
        request = Request(
            "PUT",
            self._url(repository, f"manifests/{reference}"),
            what,
            f"repository:{repository}:pull,push",
            headers,
            lambda: iter([body]),
            len(body),
            repeatable=True,
        )
        response = self._session.send(request)
        _expect(response, 201, what)
        response.drop()
        digest = digest_of(body, reference.partition(":")[0] if is_digest(reference) else "sha256")
        _check_said(response, digest, what)
        return digest

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether the repository has a blob."""
        what = f"look up {digest} in {repository}"
        response = self._send("HEAD", repository, f"blobs/{check_digest(digest)}", what)
        response.drop()
        if response.status == 404:
            return False
        _expect(response, 200, what)
        _check_said(response, digest, what)
        return True

    def open_blob(self, repository: str, blob: Descriptor) -> BinaryIO:
        """A blob's bytes as they come; reading past the last raises unless size and digest are right."""
        what = f"read {blob.digest} from {repository}"
        response = self._send("GET", repository, f"blobs/{check_digest(blob.digest)}", what)
        _expect(response, 200, what)
        reader = VerifyingReader(response, blob, lambda error: lost(response.origin, error))
        return cast("BinaryIO", reader)

    def upload_blob(
        self,
        repository: str,
        blob: Descriptor,
        open: Callable[[], BinaryIO],  # noqa: A002 - it opens the blob
        on_bytes: Callable[[int], None] = ignore,
        *,
        mount: str | None = None,
    ) -> Uploaded:
        """Send a blob, whether or not it is there; `open` is called once for each try.

        `mount` is another repository here that may have it. An upload that an earlier process
        left open is gone on with where the journal knows one. `on_bytes` hears of every byte
        once, from this thread; what it raises ends the upload.
        """
        _check_repository(repository)
        check_digest(blob.digest)
        wish = blobs.Wish(
            repository,
            blob,
            lambda: self.has_blob(repository, blob.digest),
            mount,
            self.journal.left_open(repository, blob.digest),
            lambda where: self.journal.started(repository, blob.digest, where),
        )
        done = blobs.upload(self._session, wish, Sender(blob, open, on_bytes))
        self.journal.committed(repository, blob.digest)
        return done

    def mount_blob(self, repository: str, blob: Descriptor, holder: str) -> bool:
        """Take a blob over from the repository `holder` of the same registry, if it lets us."""
        _check_repository(repository)
        done = blobs.mount(self._session, repository, blob.digest, holder)
        if done:
            self.journal.committed(repository, blob.digest)
        return done

    def upload_stream(self, repository: str, stream: Stream) -> Descriptor:
        """Send bytes that come once as a blob; what it is, its end tells."""
        _check_repository(repository)
        blob = upload_stream(
            self._session, repository, stream, lambda digest: self.has_blob(repository, digest)
        )
        self.journal.committed(repository, blob.digest)
        return blob

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository, in the registry's order."""
        what, scope = f"list the tags of {repository}", f"repository:{repository}:pull"
        url: str | None = self._url(repository, "tags/list")
        found: list[str] = []
        pages: set[str] = set()
        while url is not None:
            if url in pages or len(pages) == _MOST_PAGES:
                raise garbage(self.host, what, "the list does not end")
            pages.add(url)
            response = self._session.send(Request("GET", url, what, scope, repeatable=True))
            _expect(response, 200, what)
            found += _tags(response, what)
            url = self._next(response, url)
        return found

    def _next(self, response: Response, url: str) -> str | None:
        link = response.headers.get("Link", "")
        target, _, rest = link.partition(">")
        if not target.startswith("<") or "next" not in rest:
            return None
        return resolve_page(self._session.home, url, target[1:])

    def _send(
        self, method: str, repository: str, path: str, what: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        scope = f"repository:{repository}:pull"
        url = self._url(repository, path)
        request = Request(method, url, what, scope, headers or {}, repeatable=True, follow=True)
        return self._session.send(request)

    def _url(self, repository: str, path: str) -> str:
        _check_repository(repository)
        return self._session.url(f"/v2/{repository}/{quote(path, safe='/:')}")


def _named(repository: str, reference: str) -> str:
    if is_digest(reference):
        return f"{repository}@{reference}"
    if not is_tag(reference):
        raise ValueError(f"{reference!r} is neither a tag nor a digest")
    return f"{repository}:{reference}"


def _check_repository(repository: str) -> None:
    if not is_repository(repository):
        raise ValueError(f"{repository!r} is not a repository's path")


def _expect(response: Response, status: int, what: str) -> None:
    if response.status == status:
        return
    if response.status < 400:
        response.drop()
        raise garbage(response.origin.name, what, f"it answered HTTP {response.status}")
    raise failure(response.refusal(), what)


def _check_said(response: Response, digest: str, what: str) -> None:
    """The registry's own idea of the digest, where it has one, must be ours."""
    said = response.headers.get("Docker-Content-Digest", digest)
    if said != digest and said.partition(":")[0] == digest.partition(":")[0]:
        raise garbage(response.origin.name, what, f"it names another digest than {digest}")


def _tags(response: Response, what: str) -> list[str]:
    try:
        document: Any = json.loads(response.read(_LARGEST_PAGE))
        tags = document["tags"] or []
        found = [tag for tag in tags if isinstance(tag, str) and is_tag(tag)]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise garbage(response.origin.name, what, "there is no list of tags in its answer") from error
    return found
