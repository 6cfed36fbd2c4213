"""Where COPY and ADD take files from: the build context, or the file system of an image."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, Protocol

from clouddeploy.app.ignore import Ignore
from clouddeploy.errors import ConfigError
from clouddeploy.images.layer import Spool, spool_files
from clouddeploy.images.store import Store
from clouddeploy.images.tree import Node, Tree
from clouddeploy.oci.descriptor import Descriptor

Opener = Callable[[], tuple[IO[bytes], int]]


class Files(Protocol):
    """Names with what they are, and their contents."""

    where: str

    @property
    def tree(self) -> Tree: ...

    def openers(self, paths: Collection[str]) -> Callable[[str], Opener]:
        """Gets the contents of these files ready; the result gives each file's own opener."""
        ...


class ContextFiles:
    """The build context without what `.dockerignore` excludes.

    Permissions are as Git keeps them, 0755 for folders and what its owner may execute and 0644 for the
    rest, owned by root: a checkout's umask and user don't change the image.
    """

    where = "the build context"

    def __init__(self, root: Path, ignore: Ignore) -> None:
        self._root = root
        self._ignore = ignore

    @property
    def tree(self) -> Tree:
        return self._scanned

    @cached_property
    def _scanned(self) -> Tree:
        tree = Tree()
        try:
            self._add(tree, "")
        except OSError as error:
            message = f"the build context {self._root} cannot be read: {error.strerror} ({error.filename})"
            raise ConfigError(message, fix="make it readable, or exclude it in .dockerignore") from error
        return tree

    def _add(self, tree: Tree, folder: str) -> bool:
        """Add what is in a folder; whether there was anything."""
        before = len(tree.nodes)
        with os.scandir(self._root / folder) as found:
            entries = sorted(found, key=lambda each: each.name)
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            node = _context_node(entry)
            if not node.is_folder:
                if node.kind != "socket" and not self._ignore.excludes(path):
                    tree.nodes[path] = node
                continue
            excluded = self._ignore.excludes(path, is_dir=True)
            if not (excluded and self._ignore.prunes(path)) and (self._add(tree, path) or not excluded):
                tree.nodes[path] = node
        return len(tree.nodes) > before

    def excludes(self, path: str) -> bool:
        """Whether a path that is there is kept out by `.dockerignore`."""
        return (self._root / path).exists() and self._ignore.excludes(path)

    def path(self, path: str) -> Path:
        """Where a file of the context is on this machine."""
        return self._root / path

    def openers(self, paths: Collection[str]) -> Callable[[str], Opener]:
        return lambda path: lambda: self._open(path)

    def _open(self, path: str) -> tuple[IO[bytes], int]:
        try:
            file = os.fdopen(os.open(self._root / path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
        except OSError as error:
            message = f"{path} in the build context cannot be read: {error.strerror}"
            raise ConfigError(message, fix="make it readable, or exclude it in .dockerignore") from error
        return file, os.fstat(file.fileno()).st_size


def _context_node(entry: os.DirEntry[str]) -> Node:
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        return Node("folder")
    if stat.S_ISLNK(mode):
        return Node("link", 0o777, link=str(Path(entry.path).readlink()))
    if stat.S_ISREG(mode):
        return Node("file", 0o755 if mode & stat.S_IXUSR else 0o644)
    return Node("socket" if stat.S_ISSOCK(mode) else "special")


class ImageFiles:
    """The file system of an image or of an earlier stage, by its layers in the store."""

    def __init__(
        self, where: str, store: Store, tree: Tree, layers: Sequence[Descriptor], spool: Spool
    ) -> None:
        self.where = where
        self.tree = tree
        self._store = store
        self._layers = layers
        self._spool = spool

    def openers(self, paths: Collection[str]) -> Callable[[str], Opener]:
        """Reads each layer that has any of the files once, into the spool."""
        by_layer: dict[int, dict[str, str]] = {}
        for path in paths:
            node = self.tree.nodes[path]
            by_layer.setdefault(node.layer, {})[node.member] = _key(self._layers[node.layer], node)
        for layer, wanted in by_layer.items():
            spool_files(self._store, self._layers[layer], wanted, self._spool)
        return lambda path: self._spool.opener(
            _key(self._layers[self.tree.nodes[path].layer], self.tree.nodes[path])
        )


def _key(layer: Descriptor, node: Node) -> str:
    return f"{layer.digest} {node.member}"
