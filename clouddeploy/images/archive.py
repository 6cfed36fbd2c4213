"""`docker save`, `podman save` and `buildah push` archives into the store, as one stream.

Both layouts are read: docker-archive (`manifest.json` names a config and layer tars) and OCI (an image
layout in a tar, which Docker 25 and later writes too). A layer is compressed while it arrives, and what
describes the image may come after the layers, as it does. The config is kept byte for byte, so the image
keeps its ID; plain layers become gzip ones, so the same image always gives the same manifest.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clouddeploy.images.compress import GzipWriter, gunzip
from clouddeploy.images.manifest import Layer
from clouddeploy.images.store import BlobWriter, Store
from clouddeploy.images.tarstream import Member, Readable, members, refused
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, OCI_LAYER_ZSTD, Descriptor

MAX_DOCUMENT = 4 << 20
"""Bytes of JSON that one member may have: the distribution spec's limit for a manifest."""
MAX_DOCUMENTS = 32 << 20
MAX_RATIO = 300
_RATIO_FROM = 1 << 30

_NAMED_BY_CONTENT = re.compile(r"(?:blobs/sha256/)?([0-9a-f]{64})(?:\.tar|\.json)?")


@dataclass(frozen=True)
class Content:
    """What an archive holds, by member name; `documents` is None for one that was too large to keep."""

    title: str
    layers: dict[str, Layer]
    documents: dict[str, bytes | None]
    links: dict[str, str]


def read_archive(stream: Readable, store: Store, title: str, on_bytes: Callable[[int], None]) -> Content:
    """Put the layers of an archive into the store and keep what describes them.

    CloudDeployError names the member that is damaged or hostile; `title` names the archive in it.
    """
    content = Content(title, {}, {}, {})
    kept = 0
    for member in members(stream, title):
        if member.link is not None:
            content.links[member.name] = member.link
            continue
        chunks = _counted(member.chunks(), on_bytes)
        head = next(chunks, b"")
        kind = _kind(head)
        chunks = itertools.chain([head], chunks)
        if kind == "document":
            room = min(MAX_DOCUMENT, MAX_DOCUMENTS - kept)
            body = b"".join(chunks) if member.size <= room else None
            kept += len(body or b"")
            _check_name(title, member, hashlib.sha256(body).hexdigest() if body is not None else None)
            content.documents[member.name] = body
        else:
            content.layers[member.name] = _LAYERS[kind](chunks, store, title, member)
    return content


def _kind(head: bytes) -> str:
    """What a member is, by its first block; the names of layers say nothing."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    is_tar = len(head) >= 512 and (head[257:262] == b"ustar" or not any(head[:512]))
    return "tar" if is_tar else "document"


def _plain_layer(chunks: Iterator[bytes], store: Store, title: str, member: Member) -> Layer:
    known = _known_layer(store, member)
    plain = hashlib.sha256()
    if known:
        for chunk in chunks:
            plain.update(chunk)
        blob = known
    else:
        with store.writer() as writer:
            with GzipWriter(writer.write) as gzip:
                for chunk in chunks:
                    plain.update(chunk)
                    gzip.write(chunk)
            blob = Descriptor(OCI_LAYER_GZIP, *writer.commit())
    _check_name(title, member, plain.hexdigest())
    diff_id = f"sha256:{plain.hexdigest()}"
    if not known:
        store.remember("layers", diff_id, blob)
    return Layer(diff_id, diff_id, blob)


def _known_layer(store: Store, member: Member) -> Descriptor | None:
    """The compressed form of a layer whose name promises its content; the promise is checked later."""
    named = _NAMED_BY_CONTENT.fullmatch(member.name)
    return store.recall("layers", f"sha256:{named[1]}") if named else None


def _gzip_layer(chunks: Iterator[bytes], store: Store, title: str, member: Member) -> Layer:
    plain, size = hashlib.sha256(), 0
    with store.writer() as writer:
        try:
            for part in gunzip(_written(chunks, writer)):
                plain.update(part)
                size += len(part)
                if size > _RATIO_FROM and size > MAX_RATIO * member.size:
                    raise refused(title, member.name, f"it unpacks to more than {MAX_RATIO} times its size")
        except zlib.error as error:
            raise refused(title, member.name, f"its gzip data is damaged ({error})") from error
        blob = Descriptor(OCI_LAYER_GZIP, *writer.commit())
    _check_name(title, member, blob.digest.partition(":")[2])
    return Layer(f"sha256:{plain.hexdigest()}", blob.digest, blob)


def _zstd_layer(chunks: Iterator[bytes], store: Store, title: str, member: Member) -> Layer:
    with store.writer() as writer:
        for _ in _written(chunks, writer):
            pass
        blob = Descriptor(OCI_LAYER_ZSTD, *writer.commit())
    _check_name(title, member, blob.digest.partition(":")[2])
    return Layer(None, blob.digest, blob)


_LAYERS = {"tar": _plain_layer, "gzip": _gzip_layer, "zstd": _zstd_layer}


def _written(chunks: Iterator[bytes], writer: BlobWriter) -> Iterator[bytes]:
    for chunk in chunks:
        writer.write(chunk)
        yield chunk


def _counted(chunks: Iterator[bytes], on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        on_bytes(len(chunk))
        yield chunk


def _check_name(title: str, member: Member, digest: str | None) -> None:
    """A blob of an OCI layout, and a layer of podman's archives, is named by its own digest."""
    named = _NAMED_BY_CONTENT.fullmatch(member.name)
    if named and digest is not None and named[1] != digest:
        raise refused(title, member.name, f"its content has the digest sha256:{digest}")
