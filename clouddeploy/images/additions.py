"""COPY, ADD and WORKDIR as entries of a layer."""

from __future__ import annotations

import io
import lzma
import posixpath
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clouddeploy.app.dockerfile import Heredoc
from clouddeploy.images.copy import CopyError, Owner, Placed, find_sources, place
from clouddeploy.images.files import ContextFiles, Files, Opener
from clouddeploy.images.layer import Entry, Spool, headers
from clouddeploy.images.settings import Call
from clouddeploy.images.tree import Node, Tree, layer_nodes

_REMOTE = re.compile(r"(?:https?|ftp|git|ssh)://|git@", re.IGNORECASE)
_OWNER = re.compile(r"(?P<uid>\d{1,10}|root)(?::(?P<gid>\d{1,10}|root))?")
_FLAGS = {"chown", "chmod", "from", "link"}


def copy_entries(call: Call, image: Tree, files: Files, folder: str) -> list[Entry]:
    """What a COPY puts into `image`; a relative destination is below `folder`. Raises CopyError."""
    owner = read_owner(call)
    *sources, destination = call.words()
    destination = _absolute(folder, destination)
    names: list[str] = []
    for word in sources:
        if not word.startswith("<<"):
            names += _found(files, word)
    placed = place(image, files.tree, list(dict.fromkeys(names)), destination, owner)
    contents = [each.source for each in placed.values() if each.source and each.node.kind == "file"]
    opener = files.openers(contents)
    entries = [_entry(each, opener) for each in placed.values()]
    return entries + _heredocs(call, image, destination, owner)


def _found(files: Files, word: str) -> list[str]:
    found = find_sources(files.tree, word)
    if found:
        return found
    hidden = isinstance(files, ContextFiles) and files.excludes(word.strip("/"))
    why = "it is excluded by .dockerignore" if hidden else f"no file matches in {files.where}"
    raise CopyError(f"COPY {word}: {why}", word)


def _absolute(folder: str, destination: str) -> str:
    path = posixpath.join(folder, destination)
    return path + "/" if destination in (".", "..") or destination.endswith("/.") else path


def _entry(placed: Placed, opener: Callable[[str], Opener]) -> Entry:
    node = placed.node
    content = opener(placed.source) if placed.source is not None and node.kind == "file" else None
    return Entry(placed.path, node.kind, node.mode, node.uid, node.gid, node.link, content)


def _heredocs(call: Call, image: Tree, destination: str, owner: Owner) -> list[Entry]:
    """Files that stand in the Dockerfile itself."""
    entries: list[Entry] = []
    source = Tree()
    contents: dict[str, Opener] = {}
    for heredoc in call.instruction.heredocs:
        source.nodes[heredoc.name] = Node("file", 0o644)
        contents[heredoc.name] = _content(call, heredoc)
    if contents:
        placed = place(image, source, list(contents), destination, owner)
        entries = [_entry(each, contents.__getitem__) for each in placed.values()]
    return entries


def _content(call: Call, heredoc: Heredoc) -> Opener:
    body = (call.expand(heredoc.content) if heredoc.expand else heredoc.content).encode()
    return lambda: (io.BytesIO(body), len(body))


def read_owner(call: Call) -> Owner:
    """The flags of COPY and ADD; CopyError for what the built-in builder cannot do."""
    flags = call.instruction.flags
    for name in flags:
        if name not in _FLAGS:
            raise CopyError(f"the built-in builder does not know --{name}", f"--{name}")
    chown, chmod = call.expand(flags.get("chown", "")), call.expand(flags.get("chmod", ""))
    if chmod and not re.fullmatch("[0-7]{3,4}", chmod):
        raise CopyError(f"--chmod={chmod}: the built-in builder takes octal modes only", "--chmod")
    mode = int(chmod, 8) if chmod else None
    if not chown:
        return Owner(mode=mode)
    match = _OWNER.fullmatch(chown)
    if match is None:
        raise CopyError(
            f"--chown={chown}: the built-in builder takes numeric users and groups only", "--chown"
        )
    uid, gid = (int((match[part] or match["uid"]).replace("root", "0")) for part in ("uid", "gid"))
    return Owner(uid, gid, mode)


def folder_entries(image: Tree, folder: str) -> list[Entry]:
    """The folders that are missing on the way to a WORKDIR."""
    source = Tree()
    return [_entry(each, _no_content) for each in place(image, source, [""], folder, Owner()).values()]


def _no_content(path: str) -> Opener:
    raise KeyError(path)


def add_entries(call: Call, image: Tree, files: ContextFiles, folder: str, spool: Spool) -> list[Entry]:
    """What an ADD puts into `image`: tar archives unpacked, the rest as COPY does. Raises CopyError."""
    *sources, destination = call.words()
    for word in sources:
        if _REMOTE.match(word):
            raise CopyError(f"ADD {word}: the built-in builder fetches nothing from other places", word)
    names = [name for word in sources if not word.startswith("<<") for name in _found(files, word)]
    archives = [name for name in names if _is_archive(files, name)]
    if not archives:
        return copy_entries(call, image, files, folder)
    if len(archives) != len(names):
        raise CopyError("the built-in builder adds archives and other files one ADD at a time", "ADD")
    entries: dict[str, Entry] = {}
    for name in archives:
        for entry in _unpacked(call, files, name, _Target(image, _absolute(folder, destination), spool)):
            entries[entry.path] = entry
    return list(entries.values())


def _is_archive(files: ContextFiles, name: str) -> bool:
    path = files.tree.resolve(name)
    return files.tree.nodes[path].kind == "file" and tarfile.is_tarfile(files.path(path))


@dataclass(frozen=True)
class _Target:
    image: Tree
    destination: str
    spool: Spool


def _unpacked(call: Call, files: ContextFiles, name: str, target: _Target) -> list[Entry]:
    archive = Tree()
    path = files.path(files.tree.resolve(name))
    try:
        with tarfile.open(path, "r|*") as tar:
            archive.add_layer(layer_nodes(_spooled(name, tar, target.spool), 0))
    except (tarfile.TarError, zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise CopyError(f"ADD {name}: the archive is damaged ({error})", name) from error
    placed = place(target.image, archive, [""], target.destination, read_owner(call))

    def opener(path: str) -> Opener:
        return target.spool.opener(f"{name} {archive.nodes[path].member}")

    return [_entry(each, opener) for each in placed.values()]


def _spooled(name: str, tar: tarfile.TarFile, spool: Spool) -> Iterator[tarfile.TarInfo]:
    """The archive's headers, the contents put aside; CopyError for a path that leads out of it."""
    for info in headers(tar):
        if ".." in info.name.split("/"):
            raise CopyError(f"ADD {name}: its member {info.name!r} leads out of the archive", name)
        content = tar.extractfile(info) if info.isreg() else None
        if content:
            spool.add(f"{name} {info.name}", content)
        yield info
