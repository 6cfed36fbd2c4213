"""What was uploaded to one registry, for the next push and for the next process.

A killed push leaves upload sessions open: with their URLs the next one goes on in them. And a
blob that one repository has can be mounted into another. It is only ever a hint: whatever it
says is asked of the registry before it is believed, so it may be lost at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from clouddeploy.oci.descriptor import is_digest
from clouddeploy.oci.reference import is_repository

_LONGEST = 4 * 1024 * 1024  # bytes of a file that is rewritten with what still matters
_SESSION_LIFE = 24 * 3600.0  # seconds; registries forget sessions within hours or a week
_MOST_HOLDERS = 20_000


class Journal:
    """In memory, and in `path` where one is given. Thread-safe; never raises.

    `trouble` says why nothing could be written, and stays None as long as all is well.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.trouble: str | None = None
        self._path = path
        self._lock = threading.Lock()
        self._holders: dict[str, str] = {}
        self._open: dict[tuple[str, str], str] = {}
        if path is not None:
            self._load(path)

    @classmethod
    def of(cls, host: str, folder: Path) -> Journal:
        """The journal of a registry in `folder`."""
        return cls(folder / f"{hashlib.sha256(host.encode()).hexdigest()[:32]}.jsonl")

    def left_open(self, repository: str, digest: str) -> str | None:
        """The URL of an upload session that was left open; told once."""
        with self._lock:
            return self._open.pop((repository, digest), None)

    def started(self, repository: str, digest: str, where: str) -> None:
        """A session for a blob is open at `where`."""
        self._write({"blob": digest, "at": repository, "session": where, "when": int(time.time())})

    def committed(self, repository: str, digest: str) -> None:
        """The registry keeps the blob."""
        with self._lock:
            known = self._holders.get(digest) == repository
            self._holders[digest] = repository
        if not known:
            self._write({"blob": digest, "at": repository})

    def holds(self, repository: str, digests: Iterable[str]) -> None:
        """Everything that a manifest in a repository names is there."""
        for digest in digests:
            if digest not in self._holders:
                self.committed(repository, digest)

    def holder(self, digest: str, *, other_than: str) -> str | None:
        """Another repository that has a blob, as far as is known."""
        with self._lock:
            found = self._holders.get(digest)
        return found if found != other_than else None

    def _write(self, entry: dict[str, object]) -> None:
        if self._path is None or self.trouble:
            return
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        try:
            _append(self._path, line)
        except OSError as error:
            self.trouble = error.strerror or str(error)

    def _load(self, path: Path) -> None:
        try:
            body = path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            self.trouble = error.strerror or str(error)
            return
        for entry in _entries(body):
            self._remember(entry)
        if len(body) > _LONGEST:
            with suppress(OSError):
                path.unlink()
            for digest, repository in list(self._holders.items())[-_MOST_HOLDERS:]:
                self._write({"blob": digest, "at": repository})

    def _remember(self, entry: dict[str, object]) -> None:
        digest, repository, session = entry.get("blob"), entry.get("at"), entry.get("session")
        if not (isinstance(digest, str) and isinstance(repository, str)):
            return
        if not (is_digest(digest) and is_repository(repository)):
            return
        if not isinstance(session, str):
            self._holders[digest] = repository
            self._open.pop((repository, digest), None)
        elif _fresh(entry.get("when")):
            self._open[repository, digest] = session


def _append(path: Path, line: bytes) -> None:
    """A line at the end, in one write: several processes may be at it. Only its owner may read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


def _entries(body: bytes) -> Iterator[dict[str, object]]:
    for line in body.splitlines():
        with suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                yield entry


def _fresh(when: object) -> bool:
    return isinstance(when, int) and 0 <= time.time() - when < _SESSION_LIFE
