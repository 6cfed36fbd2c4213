"""A client for one OCI registry: manifests, blobs, tags.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Self, cast
from urllib.parse import quote

from clouddeploy.errors import NotFoundError, PreconditionError
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
from clouddeploy.oci.failures import garbage
from clouddeploy.oci.journal import Journal
from clouddeploy.oci.keychain import or_docker
from clouddeploy.oci.pages import read_pages
from clouddeploy.oci.reference import is_host, is_repository, is_tag
from clouddeploy.oci.retry import Retry
from clouddeploy.oci.session import Session
from clouddeploy.oci.streams import Stream, upload_stream
from clouddeploy.oci.transport import Request, Response, lost
from clouddeploy.oci.verify import Sender, VerifyingReader
from clouddeploy.seam.registry import Login

LARGEST_MANIFEST = 4 * 1024 * 1024
"""Bytes; what every registry has to take (distribution-spec, Pushing Manifests)."""

_ACCEPT = {"Accept": ", ".join(sorted(MANIFESTS | INDEXES))}


def no_login() -> Login | None:
    """No login but docker's own."""
    return None


def ignore(_: int) -> None:
    """Counts nothing."""


class RegistryClient:
    """Talks to the registry at `host[:port]`. Thread-safe; a context manager.

    `login` is called when the registry asks, again when what it gave has less than 10 minutes
    to live, and when the registry refuses it; where it gives None, docker's login for the host is
    used. `timeout` is how many seconds the registry may stay silent. `journal` remembers uploads
    for the next process. Every method raises CredentialsError (401, 403), NotFoundError (404),
    TemporaryError (408, 429, 5xx, no connection, after six tries) or CloudDeployError (anything
    that no registry should answer); messages name the host, never a credential.
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
        self._session = Session(host, or_docker(login, host), timeout, retry)

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
        request = self._reading("HEAD", repository, f"manifests/{reference}", what, _ACCEPT)
        response = self._session.send(request)
        response.drop()
        if response.status == 404:
            return None
        response.expect(200, what)
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
        request = self._reading("GET", repository, f"manifests/{reference}", what, _ACCEPT)
        response, body = self._session.fetch(request, LARGEST_MANIFEST)
        host, media_type = response.origin.name, response.content_type
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
        response.expect(201, what)
        response.drop()
        digest = digest_of(body, reference.partition(":")[0] if is_digest(reference) else "sha256")
        _check_said(response, digest, what)
        return digest

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether the repository has a blob."""
        what = f"look up {digest} in {repository}"
        request = self._reading("HEAD", repository, f"blobs/{check_digest(digest)}", what)
        response = self._session.send(request)
        response.drop()
        if response.status == 404:
            return False
        response.expect(200, what)
        _check_said(response, digest, what)
        return True

    def open_blob(self, repository: str, blob: Descriptor) -> BinaryIO:
        """A blob's bytes as they come; reading past the last raises unless size and digest are right."""
        what = f"read {blob.digest} from {repository}"
        request = self._reading("GET", repository, f"blobs/{check_digest(blob.digest)}", what)
        response = self._session.send(request)
        response.expect(200, what)
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
        _check_repository(repository)
        found = read_pages(self._session, f"/v2/{repository}/tags/list", what, scope, "tags")
        return [tag for tag in found if isinstance(tag, str) and is_tag(tag)]

    def catalog(self) -> list[str]:
        """All repositories, of registries that tell; many refuse.

        https://distribution.github.io/distribution/spec/api/#catalog
        """
        what = "list the repositories"
        found = read_pages(self._session, "/v2/_catalog", what, "registry:catalog:*", "repositories")
        return [name for name in found if isinstance(name, str) and is_repository(name)]

    def referrers(self, repository: str, digest: str) -> list[Descriptor]:
        """What says in its `subject` that it belongs to a manifest: signatures, attestations.

        Asks the referrers API, and a registry without it for the tag that stands in for it
        (distribution-spec, Listing Referrers).
        """
        what, scope = f"list the referrers of {repository}@{digest}", f"repository:{repository}:pull"
        _check_repository(repository)
        path = f"/v2/{repository}/referrers/{check_digest(digest)}"
        try:
            found = list(read_pages(self._session, path, what, scope, "manifests"))
        except NotFoundError:
            found = self._tagged_referrers(repository, digest)
        try:
            return [Descriptor.from_json(one) for one in found]
        except ValueError as error:
            raise garbage(self.host, what, str(error)) from error

    def delete_manifest(self, repository: str, digest: str) -> bool:
        """Delete a manifest with all its tags; False when it is not there.

        Raises PreconditionError where the registry does not delete (405).
        """
        what, scope = f"delete {digest} from {repository}", f"repository:{repository}:pull,delete"
        url = self._url(repository, f"manifests/{check_digest(digest)}")
        response = self._session.send(Request("DELETE", url, what, scope, repeatable=True))
        response.drop()
        if response.status == 405:
            raise PreconditionError(
                f"{self.host} does not let anybody delete images",
                fix="allow it in the registry (of docker's: REGISTRY_STORAGE_DELETE_ENABLED=true)",
            )
        if response.status != 404:
            response.expect(202, what)
        return response.status != 404

    def enter(self) -> bool:
        """Log in, as `docker login` does; False when the registry lets everybody in.

        Raises CredentialsError when it refuses the login, or there is none to give.
        """
        what = f"log in to {self.host}"
        response = self._session.send(Request("GET", self._session.url("/v2/"), what, "", repeatable=True))
        response.expect(200, what)
        response.drop()
        return self._session.challenged

    def _tagged_referrers(self, repository: str, digest: str) -> list[Any]:
        try:
            _, body = self.get_manifest(repository, digest.replace(":", "-", 1))
        except NotFoundError:
            return []
        found = json.loads(body).get("manifests")
        return found if isinstance(found, list) else []

    def _reading(
        self, method: str, repository: str, path: str, what: str, headers: Mapping[str, str] | None = None
    ) -> Request:
        scope = f"repository:{repository}:pull"
        url = self._url(repository, path)
        return Request(method, url, what, scope, headers or {}, repeatable=True, follow=True)

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


def _check_said(response: Response, digest: str, what: str) -> None:
    """The registry's own idea of the digest, where it has one, must be ours."""
    said = response.headers.get("Docker-Content-Digest", digest)
    if said != digest and said.partition(":")[0] == digest.partition(":")[0]:
        raise garbage(response.origin.name, what, f"it names another digest than {digest}")
