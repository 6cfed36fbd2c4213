"""A strict reader of tar streams that nobody has checked: member by member, never unpacked.

It knows what image archives use: ustar with GNU and pax long names and sizes. Every limit and
every oddity is an error that names the member. Memory use doesn't depend on the archive.
"""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from clouddeploy.errors import CloudDeployError

MAX_MEMBERS = 20_000
MAX_HEADER = 1 << 20
MAX_SIZE = 1 << 43
"""Bytes of a member: less than what a file's offsets can be in any file system."""
CHUNK = 1 << 18

_BLOCK = 512
_FILES = {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE}
_LINKS = {tarfile.SYMTYPE, tarfile.LNKTYPE}
_USED = {b"path", b"linkpath", b"size"}


class Readable(Protocol):
    """What gives bytes in order: a pipe, a file, a decompressor."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Member:
    """A regular file (`link` is None) or a link to another member, both by normalised path."""

    name: str
    size: int
    link: str | None
    _source: _Source

    def chunks(self) -> Iterator[bytes]:
        """The content; once, and before the next member is asked for."""
        return self._source.content()


def members(stream: Readable, title: str) -> Iterator[Member]:
    """The files and links of an archive; CloudDeployError for one that is damaged or hostile.

    `title` names the archive in errors. Folders are left out.
    """
    source = _Source(stream, title)
    for _ in range(MAX_MEMBERS):
        header = source.header()
        if header is None:
            return
        if header.type == tarfile.DIRTYPE:
            _path(header.name, header.name, title)
        else:
            yield _member(header, source, title)
        source.skip()
    raise refused(title, source.name, f"the archive has more than {MAX_MEMBERS} members")


def refused(title: str, member: str, why: str) -> CloudDeployError:
    """The error for a member that cannot be accepted."""
    shown = member if len(member) <= 200 else f"{member[:200]}…"
    return CloudDeployError(
        f"{title}: member {shown!r}: {why}", fix="build or save the image again; nothing was imported from it"
    )


def _member(header: tarfile.TarInfo, source: _Source, title: str) -> Member:
    name = _path(header.name, header.name, title)
    if header.type in _FILES:
        return Member(name, header.size, None, source)
    if header.type not in _LINKS:
        raise refused(title, header.name, "only files, folders and links belong into an image archive")
    base = posixpath.dirname(name) if header.type == tarfile.SYMTYPE else ""
    if header.linkname.startswith("/"):
        raise refused(title, header.name, f"links to the absolute path {header.linkname!r}")
    return Member(name, 0, _path(posixpath.join(base, header.linkname), header.name, title), source)


def _path(path: str, member: str, title: str) -> str:
    """The path without `.` and inner `..`; refused when it leaves the archive."""
    normal = posixpath.normpath(path)
    if normal.startswith(("/", "../")) or normal == ".." or "\0" in path:
        raise refused(title, member, f"the path {path!r} leads out of the archive")
    return normal


class _Source:
    """The stream, and how much of the current member is left in it."""

    def __init__(self, stream: Readable, title: str) -> None:
        self.name = "(start)"
        self._stream = stream
        self._title = title
        self._left = 0
        self._padding = 0

    def header(self) -> tarfile.TarInfo | None:
        """The next real member, long names and sizes applied; None at the end of the archive."""
        overrides: dict[str, str] = {}
        while True:
            block = self._exactly(_BLOCK)
            if not any(block):
                self._drain()
                return None
            header = self._parse(block)
            if header.type in (
                tarfile.XHDTYPE,
                tarfile.XGLTYPE,
                tarfile.GNUTYPE_LONGNAME,
                tarfile.GNUTYPE_LONGLINK,
            ):
                overrides |= self._extension(header)
                continue
            return self._begin(header, overrides)

    def _begin(self, header: tarfile.TarInfo, overrides: dict[str, str]) -> tarfile.TarInfo:
        header.name = self.name = overrides.get("path", header.name)
        header.linkname = overrides.get("linkpath", header.linkname)
        if "size" in overrides:
            header.size = int(overrides["size"])
        self._expect(header.size if header.type in _FILES else 0)
        return header

    def _extension(self, header: tarfile.TarInfo) -> dict[str, str]:
        if not 0 <= header.size <= MAX_HEADER:
            raise refused(self._title, header.name, f"its header of {header.size} bytes is too large")
        self._expect(header.size)
        body = b"".join(self.content())
        self.skip()
        if header.type == tarfile.GNUTYPE_LONGNAME:
            return {"path": _text(body)}
        if header.type == tarfile.GNUTYPE_LONGLINK:
            return {"linkpath": _text(body)}
        return self._pax(body) if header.type == tarfile.XHDTYPE else {}

    def _pax(self, body: bytes) -> dict[str, str]:
        """The records `length key=value\\n` (POSIX.1-2008, pax, "pax Extended Header")."""
        records: dict[str, str] = {}
        try:
            while body:
                length = int(body[: body.index(b" ")])
                record = body[body.index(b" ") + 1 : length - 1]
                key, _, value = record.partition(b"=")
                if length < 5 or length > len(body):
                    raise ValueError(length)
                if key in _USED:
                    records[key.decode()] = _text(value)
                body = body[length:]
            int(records.get("size", "0"))
        except ValueError as error:
            raise refused(self._title, self.name, "the pax header after it is damaged") from error
        return records

    def content(self) -> Iterator[bytes]:
        while self._left:
            chunk = self._stream.read(min(CHUNK, self._left))
            if not chunk:
                raise refused(self._title, self.name, "the archive ends in the middle of it")
            self._left -= len(chunk)
            yield chunk

    def skip(self) -> None:
        """Go to the end of the current member; in a file without reading it."""
        if self._left and isinstance(self._stream, io.BufferedReader) and self._stream.seekable():
            self._stream.seek(self._left, io.SEEK_CUR)
            self._left = 0
        for _ in self.content():
            pass
        self._exactly(self._padding)
        self._padding = 0

    def _expect(self, size: int) -> None:
        if not 0 <= size <= MAX_SIZE:
            raise refused(self._title, self.name, f"its size is {'negative' if size < 0 else 'too large'}")
        self._left, self._padding = size, -size % _BLOCK

    def _exactly(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            part = self._stream.read(size)
            if not part:
                raise refused(self._title, self.name, "the archive ends after it, without an end mark")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _drain(self) -> None:
        """Read to the end: a program that writes into a pipe is not to die of a closed one."""
        while self._stream.read(CHUNK):
            pass

    def _parse(self, block: bytes) -> tarfile.TarInfo:
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise refused(self._title, self.name, f"what follows it is not a tar header ({error})") from error


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("utf-8", "surrogateescape")
