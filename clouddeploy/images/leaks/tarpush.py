"""A reader of tar streams that is given the bytes as they come, for whoever has them already.

It says where the small files are in what it was given, and jumps over the content of everything else.
It knows the dialects that layers are written in: ustar, pax and GNU long names, sizes and sparse files.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass, field
from typing import NamedTuple

from clouddeploy.errors import CloudDeployError
from clouddeploy.images.leaks.finding import readable

MAX_FILE = 1 << 20
"""Bytes of a file that is looked into; a larger one is no text that a person wrote."""
MAX_HEADER = 1 << 20

_BLOCK = 512
_FILES = b"0\0" + tarfile.CONTTYPE
_EMPTY = b"123456"  # links, devices, folders and pipes have no content, whatever their size says
_SPARSE = tarfile.GNUTYPE_SPARSE[0]
_EXTENSIONS = tarfile.XHDTYPE + tarfile.XGLTYPE + tarfile.GNUTYPE_LONGNAME + tarfile.GNUTYPE_LONGLINK


class File(NamedTuple):
    """A small file: its content is `data[start:stop]` of the batch."""

    start: int
    stop: int
    name: bytes


@dataclass(frozen=True)
class Batch:
    """Some of the archive, with the small files that lie whole in it, in order."""

    data: bytes
    files: list[File] = field(default_factory=list)


class TarReader:
    """Takes an archive piece by piece, of any size; holds at most a small file and a piece."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._need = _BLOCK
        self._skip = 0
        self._ended = False
        self._sparse: int | None = None
        self._name: bytes | None = None
        self._size: int | None = None
        self._last = b"(start)"

    def feed(self, data: bytes) -> Batch | None:
        """The files that are complete with these bytes; CloudDeployError for what is no tar."""
        if self._ended:
            return None
        jump = min(self._skip, len(data))
        self._skip -= jump
        if jump == len(data):
            return None
        self._rest += memoryview(data)[jump:] if jump else data
        if len(self._rest) < self._need:
            return None
        batch = Batch(bytes(self._rest))
        at = self._walk(batch)
        self._skip = max(0, at - len(batch.data))
        self._rest = self._rest[at:]
        return batch if batch.files else None

    def close(self) -> None:
        """CloudDeployError when the archive ends in the middle of a member."""
        if not self._ended and (self._rest or self._skip):
            raise self._refused("the archive ends in the middle of it")

    def _walk(self, batch: Batch) -> int:
        """Take in member after member; where the first one begins that is not complete."""
        data, at, end = batch.data, 0, len(batch.data)
        while at < end:
            self._need = _BLOCK
            if at + _BLOCK > end:
                break
            if self._sparse is not None:
                at = self._sparse_map(data, at)
                continue
            if not data[at] and not any(data[at : at + _BLOCK]):
                self._ended = True
                return end
            after = self._member(batch, at)
            if not after:
                break
            at = after
        return at

    def _member(self, batch: Batch, at: int) -> int:
        """Where the next member begins; 0 when more bytes are needed for this one."""
        data, start = batch.data, at + _BLOCK
        kind, size = data[at + 156], self._header_size(data, at)
        if kind in _EXTENSIONS:
            return self._extension(data, start, size, kind)
        content = 0 if kind in _EMPTY else self._size if self._size is not None else size
        after = start + content + -content % _BLOCK
        if kind in _FILES and content <= MAX_FILE and after > len(data):
            self._need = after - at
            return 0
        self._last = self._name or _name(data, at)
        if kind in _FILES and content <= MAX_FILE:
            batch.files.append(File(start, start + content, self._last))
        self._name = self._size = None
        if kind == _SPARSE and data[at + 482]:
            self._sparse = after - start
            return start
        return after

    def _sparse_map(self, data: bytes, at: int) -> int:
        """Past one block of a GNU sparse file's map, and past the content after the last one."""
        if data[at + 504]:
            return at + _BLOCK
        content, self._sparse = self._sparse or 0, None
        return at + _BLOCK + content

    def _header_size(self, data: bytes, at: int) -> int:
        """The size in a header: what usual headers have, read quickly, else as tarfile reads it."""
        if data[at + 257 : at + 262] == b"ustar" and (digits := data[at + 124 : at + 135]).isdigit():
            try:
                return int(digits, 8)
            except ValueError:
                pass
        try:
            header = tarfile.TarInfo.frombuf(data[at : at + _BLOCK], "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise self._refused(f"what follows it is not a tar header ({error})") from error
        if header.size < 0:
            raise self._refused("the size after it is negative")
        return header.size

    def _extension(self, data: bytes, start: int, size: int, kind: int) -> int:
        after = start + size + -size % _BLOCK
        if size > MAX_HEADER:
            raise self._refused(f"the header after it has {size} bytes")
        if after > len(data):
            self._need = after - start + _BLOCK
            return 0
        body = data[start : start + size]
        if kind == tarfile.GNUTYPE_LONGNAME[0]:
            self._name = body.rstrip(b"\0")
        elif kind == tarfile.XHDTYPE[0]:
            self._pax(body)
        return after

    def _pax(self, body: bytes) -> None:
        """Take path and size from records `length key=value\\n` (POSIX.1-2008, "pax Extended Header")."""
        at = 0
        try:
            while at < len(body):
                space = body.index(b" ", at, at + 20)
                length = int(body[at:space])
                key, _, value = body[space + 1 : at + length - 1].partition(b"=")
                if length < 5 or at + length > len(body):
                    raise ValueError(length)
                if key == b"path":
                    self._name = value
                elif key == b"size":
                    self._size = _natural(value)
                at += length
        except ValueError as error:
            raise self._refused("the pax header after it is damaged") from error

    def _refused(self, why: str) -> CloudDeployError:
        member = readable(self._last[:200].decode("utf-8", "backslashreplace"))
        return CloudDeployError(
            f"a layer is damaged at member {member!r}: {why}", fix="build the image again"
        )


def _natural(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 20:
        raise ValueError(digits)
    return int(digits)


def _name(data: bytes, at: int) -> bytes:
    name = data[at : at + 100].partition(b"\0")[0]
    if data[at + 345] and data[at + 257 : at + 263] == b"ustar\0":
        return data[at + 345 : at + 500].partition(b"\0")[0] + b"/" + name
    return name
