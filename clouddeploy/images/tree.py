"""The shape of an image's file system: its layers laid over each other, without their contents.

The rules are image-spec's layer.md: a later layer wins, `.wh.name` removes a name from the layers
below, `.wh..wh..opq` all that they have in a folder.
"""

from __future__ import annotations

import posixpath
import stat
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_MAX_LINKS = 40


@dataclass(frozen=True)
class Node:
    """One name in an image. `mode` is the permission bits; `link` a symlink's target, as written.

    For a file, `layer` and `member` say which layer's tar has its content, and under which name.
    """

    kind: str
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    link: str = ""
    layer: int = -1
    member: str = ""

    @property
    def is_folder(self) -> bool:
        return self.kind == "folder"


ROOT = Node("folder")


@dataclass
class Tree:
    """Nodes by path, without a leading slash; the root is the empty path."""

    nodes: dict[str, Node] = field(default_factory=lambda: {"": ROOT})
    layers: int = 0

    def copy(self) -> Tree:
        return Tree(dict(self.nodes), self.layers)

    def add_layer(self, entries: Iterable[tuple[str, Node]]) -> None:
        """Lay one more layer over the others, whiteouts applied."""
        fresh: set[str] = set()
        for path, node in entries:
            folder, name = posixpath.split(path)
            if name == _OPAQUE:
                self._clear(folder, keep=fresh)
            elif name.startswith(_WHITEOUT):
                self._remove(posixpath.join(folder, name.removeprefix(_WHITEOUT)))
            else:
                if not node.is_folder:
                    self._remove(path)
                self.nodes[path] = node
                fresh.add(path)
        self.layers += 1

    def resolve(self, path: str) -> str:
        """Where a path leads through the tree's symlinks; what isn't there is taken as written.

        Raises ValueError for links in a circle.
        """
        done, waiting, links = "", [part for part in path.split("/") if part], 0
        while waiting:
            part = waiting.pop(0)
            if part in (".", ".."):
                done = posixpath.dirname(done) if part == ".." else done
                continue
            step = posixpath.join(done, part)
            node = self.nodes.get(step)
            if node is None or node.kind != "link":
                done = step
                continue
            links += 1
            if links > _MAX_LINKS:
                raise ValueError(path)
            done = "" if node.link.startswith("/") else done
            waiting = [each for each in node.link.split("/") if each] + waiting
        return done

    def below(self, folder: str) -> Iterator[tuple[str, Node]]:
        """What is in a folder, at any depth, with whole paths."""
        start = f"{folder}/" if folder else ""
        return (
            (path, node) for path, node in self.nodes.items() if path.startswith(start) and path != folder
        )

    def _remove(self, path: str) -> None:
        found = self.nodes.pop(path, None)
        if found and found.is_folder:
            self._clear(path, keep=set())

    def _clear(self, folder: str, keep: set[str]) -> None:
        for path in [path for path, _ in self.below(folder) if path not in keep]:
            del self.nodes[path]


def layer_nodes(headers: Iterable[tarfile.TarInfo], layer: int) -> Iterator[tuple[str, Node]]:
    """The nodes of one layer's tar, in its order; a hard link is the file that it links to."""
    files: dict[str, Node] = {}
    for info in headers:
        path = clean_path(info.name)
        node = files.get(clean_path(info.linkname)) if info.islnk() else _node(info, layer)
        if node is None:
            # A link into a lower layer is legal but no builder writes one.
            node = Node("file", stat.S_IMODE(info.mode), info.uid, info.gid, "", layer, info.linkname)
        files[path] = node
        yield path, node


def _node(info: tarfile.TarInfo, layer: int) -> Node:
    owner = (stat.S_IMODE(info.mode), info.uid, info.gid)
    if info.isdir():
        return Node("folder", *owner)
    if info.issym():
        return Node("link", *owner, info.linkname)
    return Node("file" if info.isreg() else "special", *owner, "", layer, info.name)


def clean_path(name: str) -> str:
    """A member's path from the root of the image, without a leading slash."""
    return posixpath.normpath("/" + name).lstrip("/")
