"""Upload sessions: bytes arrive in order, are hashed on the way, become a blob only when the digest fits."""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from typing import IO, TYPE_CHECKING

from clouddeploy.emulator.registry.answers import Refusal, digest_invalid
from clouddeploy.emulator.registry.digests import algorithm, digest_of_file

if TYPE_CHECKING:
    from pathlib import Path

    from clouddeploy.emulator.registry.storage import Storage

_PIECE = 256 * 1024
_RANGE = re.compile(r"([0-9]+)-([0-9]+)", re.ASCII)


class Upload:
    """One session: a file that grows, its length in bytes and the running sha256."""

    def __init__(self, repository: str, directory: Path) -> None:
        self.id = str(uuid.uuid4())
        self.repository = repository
        self.size = 0
        self.lock = threading.Lock()
        self.path = directory / self.id
        self._sha256 = hashlib.sha256()
        self.path.touch()

    def append(self, stream: IO[bytes], content_range: str | None, length: int | None) -> None:
        """Add a chunk; 416 when it does not start where the last one ended, SIZE_INVALID when cut short."""
        if content_range is not None:
            self._check_range(content_range, length)
        before = self.size
        with self.path.open("r+b") as file:
            file.seek(before)
            while piece := stream.read(_PIECE):
                file.write(piece)
                self._sha256.update(piece)
                self.size += len(piece)
        if length is not None and self.size - before != length:
            raise Refusal(400, "SIZE_INVALID", "fewer bytes came than Content-Length says")

    def check(self, digest: str) -> None:
        """Refuse with DIGEST_INVALID unless the bytes received have this digest."""
        found = f"sha256:{self._sha256.hexdigest()}"
        if algorithm(digest) != "sha256":
            found = digest_of_file(self.path, algorithm(digest))
        if found != digest:
            raise digest_invalid("provided digest did not match uploaded content")

    def range(self) -> str:
        """`0-<position of the last byte>`; an empty upload has none, registries say 0-0."""
        return f"0-{max(self.size - 1, 0)}"

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

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._open: dict[str, Upload] = {}

    def start(self, repository: str) -> Upload:
        upload = Upload(repository, self._storage.uploads)
        self._open[upload.id] = upload
        return upload

    def find(self, repository: str, session: str) -> Upload:
        """The open session; BLOB_UPLOAD_UNKNOWN when it is not one of this repository's."""
        upload = self._open.get(session)
        if upload is None or upload.repository != repository:
            raise Refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        return upload

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
