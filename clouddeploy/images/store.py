"""The local image store: an OCI image layout that several processes may write to at once.

Blobs are named by their digest and appear by an atomic rename, so a reader never sees half of one.
`skopeo inspect oci:DIR:NAME` and every other OCI tool can read it
(https://github.com/opencontainers/image-spec/blob/main/image-layout.md).
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

from clouddeploy.caches import cache_folder
from clouddeploy.errors import CloudDeployError, NotFoundError, PreconditionError
from clouddeploy.oci.descriptor import OCI_INDEX, Descriptor, check_digest

REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation of index.json that names an image (image-spec, annotations.md)."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_STALE_SECONDS = 24 * 3600


class Store:
    """An OCI image layout in `root`, made on the first write."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def default(cls) -> Store:
        """`images` in the user's cache; ConfigError where there is none."""
        return cls(cache_folder() / "images")

    def has(self, digest: str) -> bool:
        return self._blob(digest).is_file()

    def open(self, digest: str) -> BinaryIO:
        """The blob's bytes; NotFoundError when the store doesn't have it."""
        try:
            return self._blob(digest).open("rb")
        except FileNotFoundError as error:
            message = f"the image store {self.root} has no blob {digest}"
            raise NotFoundError(message, fix="build the image again: clouddeploy build") from error

    def read(self, digest: str) -> bytes:
        """A small blob as a whole: a manifest or a config."""
        with self.open(digest) as blob:
            return blob.read()

    def writer(self) -> BlobWriter:
        """A place to write a blob whose digest is not known before."""
        self._prepare()
        with self._writing():
            file = tempfile.NamedTemporaryFile(dir=self.root / "ingest", delete=False)  # noqa: SIM115
        return BlobWriter(self, file)

    def add_bytes(self, data: bytes, media_type: str) -> Descriptor:
        with self.writer() as writer:
            writer.write(data)
            digest, size = writer.commit()
        return Descriptor(media_type, digest, size)

    def tag(self, name: str, descriptor: Descriptor) -> None:
        """Make `name` mean this manifest, whatever it meant before."""
        named = replace(descriptor, annotations={**descriptor.annotations, REF_NAME: name})
        self._prepare()
        with self._locked():
            others = [each for each in self._index() if each.annotations.get(REF_NAME) != name]
            self._write_index([*others, named])

    def find(self, name: str) -> Descriptor | None:
        """The manifest that `name` was last given to, None when it never was."""
        found = next((each for each in self._index() if each.annotations.get(REF_NAME) == name), None)
        if found is None:
            return None
        annotations = {key: value for key, value in found.annotations.items() if key != REF_NAME}
        return replace(found, annotations=annotations)

    def remember(self, kind: str, key: str, value: Descriptor) -> None:
        """Note what a digest was turned into; a cache beside the layout, safe to delete at any time."""
        self._prepare()
        body = json.dumps(value.to_json(), sort_keys=True).encode()
        self._replace(self.root / "derived" / kind / _hex(key), body)

    def recall(self, kind: str, key: str, *, present: bool = True) -> Descriptor | None:
        """What `remember` noted; with `present` only as long as the blob itself is here."""
        try:
            found = Descriptor.from_json(json.loads((self.root / "derived" / kind / _hex(key)).read_bytes()))
        except (OSError, ValueError):
            return None
        return found if not present or self.has(found.digest) else None

    def forget(self, kind: str, key: str) -> None:
        """Take back what `remember` noted."""
        with self._writing():
            (self.root / "derived" / kind / _hex(key)).unlink(missing_ok=True)

    def _blob(self, digest: str) -> Path:
        return self.root / "blobs" / check_digest(digest).replace(":", "/")

    def _prepare(self) -> None:
        if (self.root / "oci-layout").exists():
            return
        with self._writing():
            for folder in ("blobs/sha256", "ingest", "derived"):
                (self.root / folder).mkdir(parents=True, exist_ok=True)
            with self._locked():
                if not (self.root / "index.json").exists():
                    self._write_index([])
        self._replace(self.root / "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')

    def _index(self) -> list[Descriptor]:
        try:
            index = json.loads((self.root / "index.json").read_bytes())
            return [Descriptor.from_json(each) for each in index["manifests"]]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError) as error:
            message = f"{self.root / 'index.json'} is not an OCI image index"
            raise CloudDeployError(message, fix=f"delete the image store: rm -r {self.root}") from error

    def _write_index(self, manifests: Iterable[Descriptor]) -> None:
        entries = [each.to_json() for each in manifests]
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        self._replace(self.root / "index.json", json.dumps(index, indent=2).encode())

    def _replace(self, path: Path, body: bytes) -> None:
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.root / "ingest", delete=False) as file:
                file.write(body)
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.root / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say what to do about a full or a read-only disk."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                fix = "free some space there, or set CLOUDDEPLOY_CACHE to a folder on a bigger disk"
                raise CloudDeployError(f"no space left for the image store {self.root}", fix=fix) from error
            message = f"cannot write to the image store {self.root}: {error.strerror}"
            fix = "set CLOUDDEPLOY_CACHE to a folder that you may write to"
            raise PreconditionError(message, fix=fix) from error

    def sweep(self) -> None:
        """Remove what writers that were killed left behind a day ago or earlier."""
        limit = time.time() - _STALE_SECONDS
        for path in (self.root / "ingest").glob("*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < limit:
                    path.unlink()


class BlobWriter:
    """Hashes what is written; `commit` puts it into the store, leaving the block without one drops it."""

    def __init__(self, store: Store, file: IO[bytes]) -> None:
        self._store = store
        self._file = file
        self._path = Path(file.name)
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        self._size += len(data)
        with self._store._writing():
            self._file.write(data)

    def look(self, plain: bytes) -> None:
        """The plain bytes do not matter here."""

    @property
    def digest(self) -> str:
        """The digest of what was written so far."""
        return f"sha256:{self._hash.hexdigest()}"

    @property
    def size(self) -> int:
        """Bytes that were written so far."""
        return self._size

    def commit(self) -> tuple[str, int]:
        """The blob's digest and size; it is in the store from here on."""
        digest = self.digest
        with self._store._writing():
            self._file.close()
            self._path.chmod(0o644)
            self._path.replace(self._store._blob(digest))
        return digest, self._size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Image:
    """One image in a store, by its manifest: an ImageSource."""

    store: Store
    manifest: Descriptor

    def open(self, digest: str) -> BinaryIO:
        return self.store.open(digest)

    def size(self) -> int:
        """Bytes of the config and the layers, compressed as they are pushed."""
        document = json.loads(self.store.read(self.manifest.digest))
        parts = [document.get("config"), *document.get("layers", ()), *document.get("manifests", ())]
        return sum(int(part["size"]) for part in parts if part)


def _hex(key: str) -> str:
    return check_digest(key).partition(":")[2]
