"""Writes and reads layers: the same entries always give the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from clouddeploy.errors import CloudDeployError
from clouddeploy.images.compress import GzipWriter
from clouddeploy.images.manifest import Layer
from clouddeploy.images.store import BlobWriter, Store
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, Descriptor

_TYPES = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}


@dataclass(frozen=True)
class Entry:
    """One name in a layer to be written. `open` gives a file's content and its size in bytes."""

    path: str
    kind: str
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    link: str = ""
    open: Callable[[], tuple[IO[bytes], int]] | None = None


def write_layer(store: Store, entries: Iterable[Entry], epoch: int) -> Layer:
    """A gzip layer of the entries, sorted by path, all with the modification time `epoch` (Unix seconds)."""
    with store.writer() as writer:
        plain = _Plain(writer)
        with (
            plain.gzip,
            tarfile.open(fileobj=cast("IO[bytes]", plain), mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            for entry in sorted(entries, key=lambda each: each.path.split("/")):
                _add(tar, entry, epoch)
        blob = Descriptor(OCI_LAYER_GZIP, *writer.commit())
    diff_id = f"sha256:{plain.hash.hexdigest()}"
    return Layer(diff_id, diff_id, blob)


class _Plain:
    """Hashes the plain tar on its way into the compressor."""

    def __init__(self, writer: BlobWriter) -> None:
        self.hash = hashlib.sha256()
        self.gzip = GzipWriter(writer.write)

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        self.gzip.write(data)
        return len(data)


def _add(tar: tarfile.TarFile, entry: Entry, epoch: int) -> None:
    info = tarfile.TarInfo(entry.path)
    info.type = _TYPES[entry.kind]
    info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.uid, entry.gid, epoch
    info.linkname = entry.link
    if entry.open is None:
        tar.addfile(info)
        return
    content, info.size = entry.open()
    with content:
        tar.addfile(info, content)


@contextmanager
def open_layer(store: Store, layer: Descriptor) -> Iterator[tarfile.TarFile]:
    """A layer's tar as a stream; CloudDeployError when it is damaged or in a form that we cannot read."""
    if layer.media_type.endswith("zstd"):
        message = f"layer {layer.digest} is compressed with zstd, which the built-in builder cannot read"
        raise CloudDeployError(message, fix="build with docker, podman or buildah")
    with store.open(layer.digest) as blob:
        packed = blob.read(2) == b"\x1f\x8b"
        blob.seek(0)
        try:
            with _plain(blob, packed) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
                yield tar
        except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
            raise CloudDeployError(
                f"layer {layer.digest} is damaged ({error})", fix="pull the image again"
            ) from error


def _plain(blob: BinaryIO, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=blob)) if packed else blob


def headers(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of a tar stream; tarfile alone would keep every one of them."""
    for info in tar:
        tar.members = []  # type: ignore[attr-defined]
        yield info


class Spool:
    """Contents that are read in one order and needed in another, in one file that has no name."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        self._places: dict[str, tuple[int, int]] = {}

    def add(self, key: str, content: IO[bytes]) -> None:
        start = self._file.seek(0, 2)
        while chunk := content.read(1 << 18):
            self._file.write(chunk)
        self._places[key] = (start, self._file.tell() - start)

    def opener(self, key: str) -> Callable[[], tuple[IO[bytes], int]]:
        """What an Entry wants; the content must have been added when it is called."""

        def open_content() -> tuple[IO[bytes], int]:
            start, size = self._places[key]
            copy = open(self._file.fileno(), "rb", closefd=False)  # noqa: SIM115
            self._file.flush()
            copy.seek(start)
            return copy, size

        return open_content

    def close(self) -> None:
        self._file.close()


def spool_files(store: Store, layer: Descriptor, wanted: Mapping[str, str], spool: Spool) -> None:
    """Copy the members of a layer that `wanted` names into a spool, each under the key that it names."""
    with open_layer(store, layer) as tar:
        for info in headers(tar):
            content = tar.extractfile(info) if info.isreg() and info.name in wanted else None
            if content:
                spool.add(wanted[info.name], content)
