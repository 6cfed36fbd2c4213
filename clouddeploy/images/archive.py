"""`docker save`, `podman save` and `buildah push` archives, read as one stream onto a shelf.

Both layouts are read: docker-archive (`manifest.json` names a config and layer tars) and OCI (an image
layout in a tar, which Docker 25 and later writes too). A layer is compressed while it arrives, and what
describes the image may come after the layers, as it does. The config is kept byte for byte, so the image
keeps its ID; plain layers are compressed, so the same image always gives the same manifest.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from clouddeploy.errors import TemporaryError
from clouddeploy.images.compress import gunzip, unzstd
from clouddeploy.images.manifest import Layer
from clouddeploy.images.shelf import COMPRESSIONS, Shelf, Slot
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


def read_archive(stream: Readable, shelf: Shelf, title: str, on_bytes: Callable[[int], None]) -> Content:
    """Put the layers of an archive onto a shelf and keep what describes them.

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
            content.layers[member.name] = _LAYERS[kind](chunks, shelf, title, member)
    return content


def _kind(head: bytes) -> str:
    """What a member is, by its first block; the names of layers say nothing."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    is_tar = len(head) >= 512 and (head[257:262] == b"ustar" or not any(head[:512]))
    return "tar" if is_tar else "document"


def _plain_layer(chunks: Iterator[bytes], shelf: Shelf, title: str, member: Member) -> Layer:
    known = shelf.known(member.name)
    if known:
        _check_promise(_hash(chunks), known, shelf, title, member)
        return known
    media_type, compressor = COMPRESSIONS[shelf.compression]
    plain = hashlib.sha256()
    with shelf.slot(member.name) as slot:
        with compressor(slot.write) as compressed:
            for chunk in chunks:
                plain.update(chunk)
                slot.look(chunk)
                compressed.write(chunk)
        _check_name(title, member, plain.hexdigest())
        diff_id = f"sha256:{plain.hexdigest()}"
        layer = Layer(diff_id, diff_id, Descriptor(media_type, slot.digest, slot.size))
        _keep(layer, slot, shelf, member)
    return layer


def _keep(layer: Layer, slot: Slot, shelf: Shelf, member: Member) -> None:
    """Note first, then commit: a push that is killed in between knows what it has sent."""
    shelf.remember(member.name, layer)
    slot.commit()


def _check_promise(digest: str, known: Layer, shelf: Shelf, title: str, member: Member) -> None:
    """A layer that was not compressed again must be what its name stood for before."""
    _check_name(title, member, digest)
    if f"sha256:{digest}" != known.raw:
        shelf.forget(member.name)
        message = f"{title}: member {member.name!r} is not what it was under this name before"
        raise TemporaryError(message, fix="run the same command again: it reads the layer anew")


def _packed_layer(
    chunks: Iterator[bytes], shelf: Shelf, title: str, member: Member, packing: Packing
) -> Layer:
    """A layer that is compressed already: kept as it is, and looked into."""
    known = shelf.known(member.name)
    if known:
        _check_promise(_hash(chunks), replace(known, raw=known.blob.digest), shelf, title, member)
        return known
    plain, size = hashlib.sha256(), 0
    with shelf.slot(member.name) as slot:
        try:
            for part in packing.unpack(_written(chunks, slot)):
                plain.update(part)
                slot.look(part)
                size += len(part)
                if size > _RATIO_FROM and size > MAX_RATIO * member.size:
                    raise refused(title, member.name, f"it unpacks to more than {MAX_RATIO} times its size")
        except zlib.error as error:
            raise refused(title, member.name, f"its {packing.name} data is damaged ({error})") from error
        _check_name(title, member, slot.digest.partition(":")[2])
        blob = Descriptor(packing.media_type, slot.digest, slot.size)
        layer = Layer(f"sha256:{plain.hexdigest()}", blob.digest, blob)
        _keep(layer, slot, shelf, member)
    return layer


def _hash(chunks: Iterator[bytes]) -> str:
    found = hashlib.sha256()
    for chunk in chunks:
        found.update(chunk)
    return found.hexdigest()


@dataclass(frozen=True)
class Packing:
    """A way in which layers come compressed; `unpack` raises zlib.error for damaged ones."""

    name: str
    media_type: str
    unpack: Callable[[Iterator[bytes]], Iterator[bytes]]


_LAYERS: Mapping[str, Callable[[Iterator[bytes], Shelf, str, Member], Layer]] = {
    "tar": _plain_layer,
    "gzip": partial(_packed_layer, packing=Packing("gzip", OCI_LAYER_GZIP, gunzip)),
    "zstd": partial(_packed_layer, packing=Packing("zstd", OCI_LAYER_ZSTD, unzstd)),
}


def _written(chunks: Iterator[bytes], writer: Slot) -> Iterator[bytes]:
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
