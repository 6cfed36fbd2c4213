"""The blob endpoints: pull, upload in one or many requests, mount, delete."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from clouddeploy.emulator.registry.answers import Refusal, answer_empty, digest_invalid, unknown_blob
from clouddeploy.emulator.registry.digests import check_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clouddeploy.emulator.registry.profiles import Profile
    from clouddeploy.emulator.registry.storage import Repository, Storage
    from clouddeploy.emulator.registry.uploads import Upload, Uploads

_PIECE = 64 * 1024


class BlobEndpoints:
    """Serves `/v2/<name>/blobs/…` for repositories that exist."""

    def __init__(self, storage: Storage, uploads: Uploads, profile: Profile) -> None:
        self._storage = storage
        self._uploads = uploads
        self._profile = profile

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
        self, request: Request, repository: Repository, readable: Callable[[str], Iterable[Repository]]
    ) -> Response:
        """POST: open a session (end-4a), upload at once (end-4b), or mount (end-11).

        `readable` gives the repository to mount from when it may be read; for "" all of them.
        """
        if "mount" in request.args:
            digest = check_digest(request.args["mount"])
            if any(self._mountable(digest, source) for source in self._sources(request, readable)):
                return self._kept(repository, digest)
        upload = self._uploads.start(repository.name)
        if "digest" in request.args and "mount" not in request.args:
            return self.finish(request, upload)
        response = self._state(upload, 202)
        if self._profile.announces_chunk:
            response.headers["OCI-Chunk-Min-Length"] = str(self._profile.smallest_chunk)
        return response

    def session(self, repository: Repository | None, session: str) -> Upload:
        """The open session of a repository, None for any; refused with BLOB_UPLOAD_UNKNOWN."""
        return self._uploads.find(repository.name if repository else None, session)

    def append(self, request: Request, upload: Upload) -> Response:
        """PATCH (end-5): one chunk, or a stream without Content-Range."""
        with upload.lock:
            _append(upload, request)
            return self._state(upload, self._profile.patch_status)

    def finish(self, request: Request, upload: Upload) -> Response:
        """PUT (end-6): the last bytes, if any, and the digest of the whole."""
        with upload.lock:
            if "digest" not in request.args:
                raise digest_invalid("the closing request has no digest")
            digest = check_digest(request.args["digest"])
            _append(upload, request)
            self._uploads.finish(upload, digest)
        repository = self._storage.find(upload.repository)
        if repository is None:
            raise Refusal(404, "NAME_UNKNOWN", "the repository was deleted", name=upload.repository)
        return self._kept(repository, digest)

    def status(self, upload: Upload) -> Response:
        """GET (end-13): how far the upload is."""
        return self._state(upload, 204)

    def cancel(self, upload: Upload) -> Response:
        """DELETE (end-14)."""
        self._uploads.cancel(upload)
        return answer_empty(204, {})

    def _sources(
        self, request: Request, readable: Callable[[str], Iterable[Repository]]
    ) -> Iterable[Repository]:
        named = request.args.get("from", "")
        return readable(named) if named or self._profile.mounts_anonymously else ()

    def _mountable(self, digest: str, source: Repository) -> bool:
        found = digest in source.blobs
        return found and (self._profile.mounts_unreferenced or source.refers_to(digest))

    def _state(self, upload: Upload, status: int) -> Response:
        where = _location(self._profile.upload_path, upload)
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


def _location(path: str, upload: Upload) -> str:
    project, _, rest = upload.repository.partition("/")
    repository = rest.partition("/")[0] or project
    return path.format(name=upload.repository, project=project, repository=repository, session=upload.id)
