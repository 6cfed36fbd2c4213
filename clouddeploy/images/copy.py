"""What COPY puts where: Docker's rules for sources, folders, trailing slashes and links.

https://docs.docker.com/reference/dockerfile/#copy
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clouddeploy.app.ignore import translate
from clouddeploy.images.tree import Node, Tree


class CopyError(ValueError):
    """A copy that Docker would refuse as well; the message is for people, `at` the word that is wrong."""

    def __init__(self, message: str, at: str = "") -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class Owner:
    """What `--chown` and `--chmod` say; None keeps what the source has."""

    uid: int | None = None
    gid: int | None = None
    mode: int | None = None

    def apply(self, node: Node) -> Node:
        uid = node.uid if self.uid is None else self.uid
        gid = node.gid if self.gid is None else self.gid
        mode = node.mode if self.mode is None or node.kind == "link" else self.mode
        return Node(node.kind, mode, uid, gid, node.link, node.layer, node.member)


@dataclass(frozen=True)
class Placed:
    """A node of the source and its place in the image; `source` is None for a folder made for it."""

    path: str
    node: Node
    source: str | None


def find_sources(source: Tree, pattern: str) -> list[str]:
    """The paths that a source of COPY means; a wildcard may mean several, a link means what it leads to."""
    if posixpath.normpath(pattern.lstrip("/") or ".").split("/")[0] == "..":
        raise CopyError(f"{pattern} leads out of the build context", pattern)
    clean = posixpath.normpath("/" + pattern).lstrip("/")
    if not re.search(r"[*?\[]", clean):
        return [clean] if _followed(source, clean, pattern) in source.nodes else []
    try:
        regex = re.compile(translate(re.sub(r"\*+", "*", clean)), re.DOTALL)
    except (ValueError, re.error) as error:
        raise CopyError(f"malformed pattern {pattern}: {error}", pattern) from error
    found = sorted(path for path in source.nodes if path and regex.fullmatch(path))
    return [path for path in found if _followed(source, path, pattern) in source.nodes]


def place(
    image: Tree, source: Tree, names: Sequence[str], destination: str, owner: Owner
) -> dict[str, Placed]:
    """Where each file, link and folder goes, by path; folders that are missing on the way are made.

    `destination` is absolute; with a slash at its end, or where the image has a folder, it is a folder.
    """
    into = destination.endswith("/") or _is_folder(image, destination)
    if len(names) > 1 and not destination.endswith("/") and not into:
        raise CopyError("with several sources the destination must end with a slash", destination)
    placed: dict[str, Placed] = {}
    for name in names:
        path = _followed(source, name, name)
        if source.nodes[path].is_folder:
            pairs: Iterator[tuple[str, str]] = _folder(source, path, destination)
            _make(image, placed, _resolved(image, destination), owner)
        else:
            target = posixpath.join(destination, posixpath.basename(name)) if into else destination
            pairs = iter([(path, target)])
        for origin, target in pairs:
            _put(image, placed, Placed(target, owner.apply(source.nodes[origin]), origin), owner)
    return placed


def _folder(source: Tree, folder: str, destination: str) -> Iterator[tuple[str, str]]:
    """The contents of a folder, parents first."""
    for path, _ in sorted(source.below(folder)):
        relative = path[len(folder) + 1 :] if folder else path
        yield path, posixpath.join(destination, relative)


def _put(image: Tree, placed: dict[str, Placed], it: Placed, owner: Owner) -> None:
    folder, name = posixpath.split(it.path)
    path = posixpath.join(_resolved(image, folder), name)
    if it.node.is_folder:
        path = _resolved(image, path)
    if it.node.kind == "special":
        raise CopyError(f"{it.source} is neither a file nor a folder nor a link", it.source or "")
    _make(image, placed, posixpath.dirname(path), owner)
    before = placed[path].node if path in placed else image.nodes.get(path)
    if before and before.is_folder != it.node.is_folder:
        kind = "a folder" if before.is_folder else "no folder"
        raise CopyError(f"cannot copy {it.source}: /{path} is {kind} in the image", it.source or "")
    placed[path] = Placed(path, it.node, it.source)


def _make(image: Tree, placed: dict[str, Placed], folder: str, owner: Owner) -> None:
    """Make the folders that are missing on the way to `folder`, and itself."""
    parts = folder.split("/") if folder else []
    for count in range(1, len(parts) + 1):
        path = "/".join(parts[:count])
        node = placed[path].node if path in placed else image.nodes.get(path)
        if node is None:
            made = Node("folder", 0o755, owner.uid or 0, owner.gid or 0)
            placed[path] = Placed(path, made, None)
        elif not node.is_folder:
            raise CopyError(f"/{path} is no folder in the image")


def _is_folder(image: Tree, path: str) -> bool:
    node = image.nodes.get(_resolved(image, path))
    return node is not None and node.is_folder


def _resolved(image: Tree, path: str) -> str:
    try:
        return image.resolve(path)
    except ValueError as error:
        raise CopyError(f"the links at {path} in the image go in a circle") from error


def _followed(source: Tree, path: str, pattern: str) -> str:
    try:
        return source.resolve(path)
    except ValueError as error:
        raise CopyError(f"the links at {pattern} go in a circle", pattern) from error
