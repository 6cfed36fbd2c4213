"""The blob endpoints: pull, upload in one or many requests, mount, delete."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from clouddeploy.emulator.registry.answers import Refusal, answer_empty, digest_invalid, unknown_blob
from clouddeploy.emulator.registry.digests import check_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from clouddeploy.emulator.registry.storage import Repository, Storage
    from clouddeploy.emulator.registry.uploads import Upload, Uploads

_PIECE = 64 * 1024


class BlobEndpoints:
    """Serves `/v2/<name>/blobs/…` for repositories that exist."""

    def __init__(self, storage: Storage, uploads: Uploads) -> None:
        self._storage = storage
        self._uploads = uploads

    def read(self, request: Request, repository: Repository, digest: str) -> Response:
        """GET and HEAD (end-2), with byte ranges."""
        if check_digest(digest) not in repository.blobs:
            raise unknown_blob(digest)
        path = self._storage.blob(digest)
        size = path.stat().st_size
        headers = {"Docker-Content-Digest": digest, "Content-Length": str(size), "Accept-Ranges": "bytes"}
        if request.method == "HEAD":
            return answer_empty(200, headers)
        response = Response(None, 200, headers, mimetype="application/octet-stream", direct_passthrough=True)
        response.set_etag(digest)
        file = path.open("rb")
        response.response = wrap_file(request.environ, file, _PIECE)
        try:
            return response.make_conditional(request, accept_ranges=True, complete_length=size)
        except RequestedRangeNotSatisfiable:
            file.close()
            raise Refusal(416, "UNSUPPORTED", "the range is outside of the blob") from None

    def delete(self, repository: Repository, digest: str) -> Response:
        """DELETE (end-10)."""
        if check_digest(digest) not in repository.blobs:
            raise unknown_blob(digest)
        repository.blobs.discard(digest)
        return answer_empty(202, {"Content-Length": "0"})

    def start(
        self, request: Request, repository: Repository, readable: Callable[[str], Repository | None]
    ) -> Response:
        """POST: open a session (end-4a), upload at once (end-4b), or mount (end-11).

        `readable` gives the repository to mount from, None when it may not be read.
        """
        if "mount" in request.args:
            digest = check_digest(request.args["mount"])
            source = readable(request.args.get("from", ""))
            if source and digest in source.blobs:
                return self._kept(repository, digest)
        upload = self._uploads.start(repository.name)
        if "digest" in request.args and "mount" not in request.args:
            return self.finish(request, repository, upload.id)
        return self._state(upload, 202)

    def append(self, request: Request, repository: Repository, session: str) -> Response:
        """PATCH (end-5): one chunk, or a stream without Content-Range."""
        upload = self._uploads.find(repository.name, session)
        with upload.lock:
            _append(upload, request)
            return self._state(upload, 202)

    def finish(self, request: Request, repository: Repository, session: str) -> Response:
        """PUT (end-6): the last bytes, if any, and the digest of the whole."""
        upload = self._uploads.find(repository.name, session)
        with upload.lock:
            if "digest" not in request.args:
                raise digest_invalid("the closing request has no digest")
            digest = check_digest(request.args["digest"])
            _append(upload, request)
            self._uploads.finish(upload, digest)
        return self._kept(repository, digest)

    def status(self, repository: Repository, session: str) -> Response:
        """GET (end-13): how far the upload is."""
        return self._state(self._uploads.find(repository.name, session), 204)

    def cancel(self, repository: Repository, session: str) -> Response:
        """DELETE (end-14)."""
        self._uploads.cancel(self._uploads.find(repository.name, session))
        return answer_empty(204, {})

    def _state(self, upload: Upload, status: int) -> Response:
        where = f"/v2/{upload.repository}/blobs/uploads/{upload.id}"
        headers = {"Location": where, "Range": upload.range(), "Docker-Upload-UUID": upload.id}
        return answer_empty(status, headers if status == 204 else {**headers, "Content-Length": "0"})

    def _kept(self, repository: Repository, digest: str) -> Response:
        with self._storage.lock:
            repository.blobs.add(digest)
        where = f"/v2/{repository.name}/blobs/{digest}"
        return answer_empty(201, {"Location": where, "Docker-Content-Digest": digest, "Content-Length": "0"})


def _append(upload: Upload, request: Request) -> None:
    stream: IO[bytes] = request.environ["wsgi.input"]
    if not request.environ.get("wsgi.input_terminated") and request.content_length is None:
        return
    upload.append(stream, request.headers.get("Content-Range"), request.content_length)
