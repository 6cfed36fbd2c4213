"""Upload sessions: bytes arrive in order, are hashed on the way, become a blob only when the digest fits."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from clouddeploy.emulator.registry.answers import Refusal, digest_invalid
from clouddeploy.emulator.registry.digests import algorithm, digest_of_file

if TYPE_CHECKING:
    from pathlib import Path

    from clouddeploy.emulator.registry.profiles import Profile
    from clouddeploy.emulator.registry.storage import Storage

_PIECE = 256 * 1024
_RANGE = re.compile(r"([0-9]+)-([0-9]+)", re.ASCII)


class Upload:
    """One session: a file that grows, its length in bytes and the running sha256."""

    def __init__(self, repository: str, directory: Path, profile: Profile) -> None:
        self.id = _new_id(profile.session_length)
        self.repository = repository
        self.size = 0
        self.lock = threading.Lock()
        self.path = directory / str(uuid.uuid4())
        self._profile = profile
        self._chunks: list[int] = []
        self._sha256 = hashlib.sha256()
        self.path.touch()

    def append(self, stream: IO[bytes], content_range: str | None, length: int | None) -> None:
        """Add a chunk or a whole body.

        416 when a chunk does not start where the last one ended, SIZE_INVALID when it is cut
        short, BLOB_UPLOAD_INVALID when the one before was smaller than the profile allows,
        UNSUPPORTED when the profile takes no chunks.
        """
        if length == 0 and content_range is None:
            return
        if content_range is not None:
            self._check_range(content_range, length)
        self._check_chunk(content_range)
        before, hashed = self.size, self._sha256.copy()
        try:
            self._write(stream)
            if length is not None and self.size - before != length:
                raise Refusal(400, "SIZE_INVALID", "fewer bytes came than Content-Length says")
        except (Refusal, OSError):
            if not self._profile.keeps_cut_chunks:
                self.size, self._sha256 = before, hashed
            raise
        self._chunks.append(self.size - before)

    def check(self, digest: str) -> None:
        """Refuse with DIGEST_INVALID unless the bytes received have this digest."""
        found = f"sha256:{self._sha256.hexdigest()}"
        if algorithm(digest) != "sha256":
            found = digest_of_file(self.path, algorithm(digest))
        if found != digest:
            raise digest_invalid("provided digest did not match uploaded content")

    def range(self) -> str:
        """`0-<position of the last byte>`; an empty upload has none, registries say 0-0."""
        stale = self._profile.stale_range and self._chunks
        return f"0-{max((self._chunks[0] if stale else self.size) - 1, 0)}"

    def _write(self, stream: IO[bytes]) -> None:
        with self.path.open("r+b") as file:
            file.seek(self.size)
            file.truncate()
            while piece := stream.read(_PIECE):
                file.write(piece)
                self._sha256.update(piece)
                self.size += len(piece)

    def _check_chunk(self, content_range: str | None) -> None:
        if not self._profile.chunked and (self._chunks or content_range is not None):
            # Google documents that it is refused, not how: the answer is ours.
            raise Refusal(400, "UNSUPPORTED", "chunked uploads are not supported: use a monolithic upload")
        if self._chunks and self._chunks[-1] < self._profile.smallest_chunk:
            message = f"all chunks but the last must have at least {self._profile.smallest_chunk} bytes"
            raise Refusal(400, "BLOB_UPLOAD_INVALID", message)

    def _check_range(self, content_range: str, length: int | None) -> None:
        match = _RANGE.fullmatch(content_range)
        if not match:
            raise Refusal(400, "BLOB_UPLOAD_INVALID", "Content-Range is not <start>-<end>")
        start, end = int(match[1]), int(match[2])
        if start != self.size:
            headers = {"Range": self.range()}
            raise Refusal(416, "BLOB_UPLOAD_INVALID", "the chunk is out of order", headers)
        if length is not None and end - start + 1 != length:
            raise Refusal(400, "SIZE_INVALID", "Content-Range and Content-Length differ")


class Uploads:
    """The sessions that are open."""

    def __init__(self, storage: Storage, profile: Profile) -> None:
        self._storage = storage
        self._profile = profile
        self.clock: Callable[[], float] = time.monotonic
        self._open: dict[str, tuple[Upload, float]] = {}

    def start(self, repository: str) -> Upload:
        upload = Upload(repository, self._storage.uploads, self._profile)
        self._open[upload.id] = (upload, self.clock())
        return upload

    def find(self, repository: str | None, session: str) -> Upload:
        """The open session; BLOB_UPLOAD_UNKNOWN when it is not one of this repository's.

        None stands for any repository. A request keeps the session alive.
        """
        upload, used = self._open.get(session, (None, 0.0))
        life, now = self._profile.session_life, self.clock()
        if upload and life is not None and now - used > life:
            self.cancel(upload)
            upload = None
        if upload is None or repository not in (None, upload.repository):
            raise Refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        self._open[session] = (upload, now)
        return upload

    def forget(self, session: str) -> None:
        """Lose an open session, as a registry that was restarted does."""
        found = self._open.get(session)
        if found:
            self.cancel(found[0])

    def cancel(self, upload: Upload) -> None:
        self._open.pop(upload.id, None)
        upload.path.unlink(missing_ok=True)

    def finish(self, upload: Upload, digest: str) -> None:
        """Verify and keep; a session whose digest does not fit is gone, its bytes with it."""
        try:
            upload.check(digest)
            self._storage.keep(upload.path, digest)
        finally:
            self.cancel(upload)


def _new_id(length: int) -> str:
    found = str(uuid.uuid4())
    return found if length <= len(found) else secrets.token_urlsafe(length)[:length]
