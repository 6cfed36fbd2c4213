"""The books of a registry: each request, each byte of a blob that arrived, each blob that was kept."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from clouddeploy.emulator.registry.endpoints import Endpoint, Target

HEAD = 64
"""How many of a body's first bytes are kept."""


@dataclass
class Entry:
    """A request as it went; `at` is `time.monotonic()` when its head had arrived.

    `received` counts the bytes of its body that arrived, `head` holds the first of them.
    `paused` is how many seconds of a Retry-After pause of its host were left, 0.0 for none,
    and `since` how many had passed of it.
    """

    number: int
    at: float
    host: str
    method: str
    path: str
    target: Target
    received: int = 0
    head: bytes = b""
    status: int = 0
    fault: str = ""
    paused: float = 0.0
    since: float = 0.0

    @property
    def endpoint(self) -> Endpoint:
        return self.target.endpoint

    def count(self, piece: bytes) -> None:
        """Note a piece of the body."""
        if len(self.head) < HEAD:
            self.head += piece[: HEAD - len(self.head)]
        self.received += len(piece)


@dataclass(frozen=True)
class Commit:
    """A blob that was kept, whatever became of the reply."""

    digest: str
    repository: str
    number: int
    """Of the entry that did it."""
    mounted: bool


@dataclass
class Ledger:
    """Oldest first. Thread-safe to write; read it when the pushes are over."""

    entries: list[Entry] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    _sessions: dict[str, str] = field(default_factory=dict)  # to their repositories
    _pauses: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, host: str, method: str, path: str, target: Target) -> Entry:
        """A request has arrived."""
        with self._lock:
            now = time.monotonic()
            entry = Entry(len(self.entries), now, host, method, path, target)
            begin, end = self._pauses.get(host, (now, now))
            entry.since, entry.paused = now - begin, max(end - now, 0.0)
            self.entries.append(entry)
            return entry

    def pause(self, host: str, seconds: float) -> None:
        """The host has asked its clients to stay away for so many real seconds."""
        with self._lock:
            now = time.monotonic()
            self._pauses[host] = (now, max(self._pauses.get(host, (now, now))[1], now + seconds))

    def applied(self, entry: Entry, location: str) -> None:
        """The registry has answered, with this Location or ""; note what it kept."""
        target = entry.target
        if target.endpoint not in ("close", "start", "mount"):
            return
        with self._lock:
            if entry.status == 202:
                self._sessions[location.rpartition("/")[2]] = target.repository
            if entry.status == 201 and target.digest:
                mounted = target.endpoint == "mount"
                self.commits.append(Commit(target.digest, self.repository(entry), entry.number, mounted))

    def repository(self, entry: Entry) -> str:
        """Whose request this is; sessions know it even where their URLs do not."""
        return entry.target.repository or self._sessions.get(entry.target.session, "")

    def count(self, endpoint: Endpoint) -> int:
        """How many requests there were for an endpoint."""
        return sum(entry.endpoint == endpoint for entry in self.entries)

    def sent(self) -> Counter[str]:
        """Bytes that arrived for each blob; those of sessions that were never closed under ""."""
        found: Counter[str] = Counter()
        for entry, digest in self._uploads():
            if entry.received:
                found[digest] += entry.received
        return found

    def again(self) -> list[Entry]:
        """Requests that brought bytes of a blob that their repository had committed before."""
        since: dict[tuple[str, str], int] = {}
        for commit in self.commits:
            since.setdefault((commit.repository, commit.digest), commit.number)
        return [
            entry
            for entry, digest in self._uploads()
            if entry.received and since.get((self.repository(entry), digest), entry.number) < entry.number
        ]

    def _uploads(self) -> Iterator[tuple[Entry, str]]:
        digests = {one.target.session: one.target.digest for one in self.entries if one.endpoint == "close"}
        for entry in self.entries:
            if entry.endpoint in ("chunk", "close", "start"):
                yield entry, entry.target.digest or digests.get(entry.target.session, "")

    def early(self, lead: float = 0.0, grace: float = 0.0) -> list[Entry]:
        """Requests in a Retry-After pause.

        Not those of its first `lead` seconds, which may have been under way, nor of its last
        `grace` seconds.
        """
        return [one for one in self.entries if one.paused > grace and one.since >= lead]
