"""The files of a git revision in another folder, as git holds them.

Neither `git archive` nor `git checkout`: both obey .gitattributes, which leave files out (export-ignore),
change them (eol, filters) or have them fetched (LFS). Git's objects are read as they are.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from clouddeploy.app.textfile import MOST_BYTES
from clouddeploy.errors import ConfigError, MissingToolError

_LINK, _SUBMODULE = "120000", "160000"
_NO_REPOSITORY = "run it in a git repository, or leave out --against"
_NO_REVISION = "name a branch, tag or commit: --against main"


@dataclass(frozen=True)
class Entry:
    """A file, symbolic link or submodule of a tree; `size` in bytes, 0 for a submodule."""

    mode: str
    object: str
    size: int
    path: str


def place(folder: Path) -> tuple[Path, str]:
    """The root of the repository that `folder` is in, and the way from it to `folder`.

    ConfigError outside of a repository, MissingToolError without git.
    """
    root, prefix = (
        _git(folder, "rev-parse", flag, fix=_NO_REPOSITORY) for flag in ("--show-toplevel", "--show-prefix")
    )
    return Path(os.fsdecode(root.removesuffix(b"\n"))), os.fsdecode(prefix.removesuffix(b"\n"))


def write(root: Path, revision: str, to: Path) -> None:
    """Write the files of a revision of the repository at `root` into `to`, which must not exist.

    A file too large for anybody to have written it is there with its size, without its bytes. A link
    that leads out of `to` is left out. ConfigError for a revision that git does not know.
    """
    entries = list(_entries(root, revision))
    to.mkdir()
    links = [entry for entry in entries if entry.mode == _LINK]
    files = [entry for entry in entries if entry.mode not in (_LINK, _SUBMODULE)]
    for entry in entries:
        made = to / entry.path
        (made if entry.mode == _SUBMODULE else made.parent).mkdir(parents=True, exist_ok=True)
    for entry in files:
        if entry.size > MOST_BYTES:
            (to / entry.path).touch()
            os.truncate(to / entry.path, entry.size)
    for path, data in _contents(root, [entry for entry in files if entry.size <= MOST_BYTES]):
        (to / path).write_bytes(data)
    # last, so that nothing is written through a link
    for path, data in _contents(root, links):
        (to / path).symlink_to(os.fsdecode(data))
    _remove_leading_out([to / entry.path for entry in links], to.resolve())


def _remove_leading_out(links: Iterable[Path], to: Path) -> None:
    for link in links:
        try:
            inside = link.resolve().is_relative_to(to)
        except (OSError, RuntimeError):  # a loop
            inside = False
        if not inside:
            link.unlink()


def _entries(root: Path, revision: str) -> Iterator[Entry]:
    if revision.startswith("-"):
        raise ConfigError(f"{revision} is not a git revision", fix=_NO_REVISION)
    listed = _git(root, "ls-tree", "-r", "-z", "-l", "--full-tree", revision, fix=_NO_REVISION)
    for line in filter(None, listed.split(b"\0")):
        facts, _, name = line.partition(b"\t")
        mode, _, found, size = facts.decode("ascii").split()
        path = os.fsdecode(name)
        if ".." not in PurePosixPath(path).parts:
            yield Entry(mode, found, 0 if size == "-" else int(size), path)


def _contents(root: Path, entries: Sequence[Entry]) -> Iterator[tuple[str, bytes]]:
    """The path and the bytes of each entry, one after the other."""
    asked = "".join(f"{entry.object}\n" for entry in entries).encode("ascii")
    with tempfile.TemporaryFile() as told:
        subprocess.run(["git", "-C", str(root), "cat-file", "--batch"], input=asked, stdout=told, check=False)
        told.seek(0)
        for entry in entries:
            # "<object> blob <size>", or "<object> missing" in a clone without all objects
            if told.readline().split()[1:2] != [b"blob"]:
                raise ConfigError(f"git has no content of {entry.path}", fix="git fetch --refetch")
            yield entry.path, told.read(entry.size)
            told.read(1)


def _git(folder: Path, *arguments: str, fix: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise MissingToolError("git is not installed", fix="install git, or leave out --against") from error
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["git failed"]
        raise ConfigError(f"no app to compare with: {reason[0]}", fix=fix)
    return done.stdout
