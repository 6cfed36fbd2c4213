"""kill -9 in the middle of a push, at the request and byte that the seed says; then the same again."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from clouddeploy.emulator.registry import PROFILES, Fault, Ledger
from clouddeploy.emulator.registry.endpoints import Endpoint
from tests.faults import archives, layouts, subject
from tests.faults.layouts import Layout
from tests.faults.rig import Rig
from tests.faults.subject import Job, Verdict

IMAGES = 8
ARCHIVES = 4
STREAMED = 200
"""Seeds from here on push archives."""
PROMISES = {
    "sent once": "after kill -9 no committed blob is sent again",
    "old tag": "after kill -9 the old tag or the whole new image",
    "same again": "after kill -9 the same command finishes",
    "true success": "after kill -9 a success is the image",
}
_SECONDS = 60
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.kills"])


class Child:
    """A process of its own that runs the product; `result` is None when it was killed."""

    def __init__(self, action: Callable[[Job], Any], job: Job) -> None:
        self._reading, self._writing = _CONTEXT.Pipe(duplex=False)
        self.process = _CONTEXT.Process(target=_run, args=(action, job, self._writing))

    def start(self) -> Child:
        self.process.start()
        self._writing.close()
        return self

    def kill(self) -> None:
        """SIGKILL."""
        if self.process.pid:
            os.kill(self.process.pid, signal.SIGKILL)

    def result(self) -> Any:
        """What the action gave; waits for it, but not for ever."""
        found = None
        if self._reading.poll(_SECONDS):
            try:
                found = self._reading.recv()
            except EOFError:
                found = None
        else:
            self.kill()
        self.process.join(10)
        self._reading.close()
        return found


class _Point(NamedTuple):
    """The `number`th request of an endpoint, and how many bytes its body has."""

    endpoint: Endpoint
    number: int
    size: int


@dataclass
class Killed:
    """What came of a kill; `extra` is how many bytes more than the image's were sent in all."""

    seed: int
    where: str
    died: bool = False
    extra: int = 0
    committed: int = 0
    problems: dict[str, str] = field(default_factory=dict)

    def judged(self) -> dict[str, str]:
        """The promises that this run could break, "" for those that it kept."""
        kept = dict.fromkeys(PROMISES, "") if self.died else {}
        return kept | self.problems


class Bench:
    """The rigs of all profiles and a few images; a context manager."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._layouts = [layouts.make(directory / f"image-{number}", number) for number in range(IMAGES)]
        self._rigs = [Rig(directory / name, profile) for name, profile in PROFILES.items()]
        self._known: dict[tuple[str, Path], list[_Point]] = {}

    def __enter__(self) -> Bench:
        for rig in self._rigs:
            rig.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for rig in self._rigs:
            rig.__exit__()

    @cached_property
    def _archives(self) -> list[Layout]:
        return [
            archives.make(self._directory / f"archive-{number}", number, self._rigs[0])
            for number in range(ARCHIVES)
        ]

    def run(self, seed: int) -> Killed:
        """Kill a push where the seed says, run it again, and judge both."""
        source = random.Random(f"kill {seed}")
        images = self._archives if seed >= STREAMED else self._layouts
        rig, image = self._rigs[seed % len(self._rigs)], source.randrange(len(images))
        points = self._points(rig, images[image])
        bodies = [point for point in points if point.size]
        point = source.choice(bodies if source.random() < 0.5 else points)
        action = "call-after" if source.random() < 0.25 else "call"
        most = point.size
        if seed >= STREAMED:  # layers are sent as they are ready, in another order every time
            most = min(one.size for one in points if one.endpoint == point.endpoint)
        fault = Fault(point.endpoint, action, point.number, offset=source.randint(0, most))
        return self.judge(seed, image, fault)

    def judge(self, seed: int, image: int, fault: Fault) -> Killed:
        """Kill a push of an image by this fault, on the seed's profile."""
        rig = self._rigs[seed % len(self._rigs)]
        images = self._archives if seed >= STREAMED else self._layouts
        return _Run(rig, images, image).judge(seed, fault)

    def _points(self, rig: Rig, image: Layout) -> list[_Point]:
        """The requests that a push of this image makes when nothing goes wrong."""
        key = (rig.profile.name, image.path)
        if key not in self._known:
            rig.clear()
            rig.faulty.begin()
            verdict = subject.push(rig.job(image, rig.repository()))
            assert verdict.end == "done", verdict
            self._known[key] = _points(rig.faulty.ledger)
        return self._known[key]


class _Run:
    def __init__(self, rig: Rig, images: list[Layout], image: int) -> None:
        self._rig = rig
        self._layout = images[image]
        self._old = images[(image + 1) % len(images)]
        self._repository = rig.repository()
        self._job = rig.job(self._layout, self._repository)

    def judge(self, seed: int, fault: Fault) -> Killed:
        rig = self._rig
        found = Killed(seed, f"{rig.profile.name}: {fault}")
        rig.clear()
        rig.reader(self._repository).write(self._old, "v1")
        self._kill(fault, found)
        self._judge_tag(found)
        found.committed = len(rig.faulty.ledger.commits)
        rig.faulty.begin(keep=True)
        verdict: Verdict | None = Child(subject.push, self._job).start().result()
        if verdict is None or verdict.end != "done":
            found.problems["same again"] = verdict.message if verdict else "it did not end"
        elif wrong := rig.differences(self._layout, self._repository):
            found.problems["true success"] = wrong
        self._judge_books(rig.faulty.ledger, found)
        return found

    def _kill(self, fault: Fault, found: Killed) -> None:
        faulty = self._rig.faulty
        faulty.begin([fault])
        child = Child(subject.push, self._job)
        faulty.hook = child.kill
        child.start()
        if verdict := child.result():
            found.where += f"; it lived: {verdict.end} {verdict.message[:200]}"
        found.died = verdict is None
        faulty.settle()

    def _judge_tag(self, found: Killed) -> None:
        self._rig.faulty.begin(keep=True)
        tagged = self._rig.reader(self._repository).digest_of("v1")
        if tagged == self._layout.digest:
            if wrong := self._rig.differences(self._layout, self._repository):
                found.problems["old tag"] = f"it has moved to half an image: {wrong}"
        elif tagged != self._old.digest:
            found.problems["old tag"] = "it is not intact"

    def _judge_books(self, ledger: Ledger, found: Killed) -> None:
        again = ledger.again()
        if again:
            digests = {entry.target.digest[:19] for entry in again}
            found.problems["sent once"] = ", ".join(sorted(digests))
        commits = {commit.digest for commit in ledger.commits}
        whole = sum(size for digest, size in self._layout.sizes.items() if digest in commits)
        found.extra = sum(ledger.sent().values()) - whole


def _run(action: Callable[[Job], Any], job: Job, result: Connection) -> None:
    result.send(action(job))
    result.close()


def _points(ledger: Ledger) -> list[_Point]:
    seen: Counter[Endpoint] = Counter()
    found = []
    for entry in ledger.entries:
        seen[entry.endpoint] += 1
        found.append(_Point(entry.endpoint, seen[entry.endpoint], entry.received))
    return found
