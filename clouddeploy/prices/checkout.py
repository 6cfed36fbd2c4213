"""The files of a git revision in another folder, as git holds them.

Neither `git archive` nor `git checkout`: both write everything, and both obey .gitattributes, which leave
files out (export-ignore), change them (eol, filters) or have them fetched (LFS). Git's objects are read as
they are, and only those that are asked for.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from clouddeploy.errors import ConfigError, MissingToolError

_LINK, _SUBMODULE = "120000", "160000"
_NO_REPOSITORY = "run it in a git repository, or leave out --against"
_NO_REVISION = "name a branch, tag or commit: --against main"


@dataclass(frozen=True)
class Entry:
    """A file, symbolic link or submodule of a tree; `path` is from the repository's root."""

    mode: str
    object: str
    path: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class Tree:
    """What a revision of the repository at `root` holds."""

    root: Path
    entries: tuple[Entry, ...]

    @property
    def files(self) -> list[Entry]:
        """Everything that has contents of its own."""
        return [entry for entry in self.entries if entry.mode not in (_LINK, _SUBMODULE)]

    @property
    def links(self) -> list[Entry]:
        """The symbolic links; `read` gives where they lead."""
        return [entry for entry in self.entries if entry.mode == _LINK]

    def read(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """The contents of each, one after the other; ConfigError for what a clone does not have."""
        asked = "".join(f"{entry.object}\n" for entry in entries).encode("ascii")
        command = ["git", "-C", str(self.root), "cat-file", "--batch"]
        with tempfile.TemporaryFile() as told:
            subprocess.run(command, input=asked, stdout=told, check=False)
            told.seek(0)
            for entry in entries:
                # "<object> blob <size>", or "<object> missing"
                match told.readline().split():
                    case [_, b"blob", size]:
                        yield entry, told.read(int(size))
                        told.read(1)
                    case _:
                        raise ConfigError(f"git has no content of {entry.path}", fix="git fetch --refetch")

    def write(self, to: Path, files: Sequence[Entry]) -> None:
        """All folders and links, and these files, in `to`, which must not exist.

        A link that leads out of `to` is left out.
        """
        to.mkdir()
        for entry in self.entries:
            made = to / entry.path
            (made if entry.mode == _SUBMODULE else made.parent).mkdir(parents=True, exist_ok=True)
        for entry, data in self.read(files):
            (to / entry.path).write_bytes(data)
        # last, so that nothing is written through a link
        links = self.links
        for entry, data in self.read(links):
            (to / entry.path).symlink_to(os.fsdecode(data))
        _remove_leading_out([to / entry.path for entry in links], to.resolve())


def place(folder: Path) -> tuple[Path, str]:
    """The root of the repository that `folder` is in, and the way from it to `folder`: "", or "api/".

    ConfigError outside of a repository, MissingToolError without git.
    """
    root, prefix = (
        _git(folder, "rev-parse", flag, fix=_NO_REPOSITORY) for flag in ("--show-toplevel", "--show-prefix")
    )
    return Path(os.fsdecode(root.removesuffix(b"\n"))), os.fsdecode(prefix.removesuffix(b"\n"))


def at(root: Path, revision: str) -> Tree:
    """What the repository at `root` holds at a revision; ConfigError for one that git does not know."""
    if revision.startswith("-"):
        raise ConfigError(f"{revision} is not a git revision", fix=_NO_REVISION)
    listed = _git(root, "ls-tree", "-r", "-z", "--full-tree", revision, fix=_NO_REVISION)
    return Tree(root, tuple(_entries(listed)))


def _entries(listed: bytes) -> Iterator[Entry]:
    for line in filter(None, listed.split(b"\0")):
        facts, _, name = line.partition(b"\t")
        mode, _, found = facts.decode("ascii").split()
        path = os.fsdecode(name)
        if ".." not in PurePosixPath(path).parts:
            yield Entry(mode, found, path)


def _remove_leading_out(links: Iterable[Path], to: Path) -> None:
    for link in links:
        try:
            inside = link.resolve().is_relative_to(to)
        except (OSError, RuntimeError):  # a loop
            inside = False
        if not inside:
            link.unlink()


def _git(folder: Path, *arguments: str, fix: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise MissingToolError("git is not installed", fix="install git, or leave out --against") from error
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["git failed"]
        raise ConfigError(f"no app to compare with: {reason[0]}", fix=fix)
    return done.stdout
