"""Brings layers to one registry while they are being made."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.oci.source import ImageSource
from clouddeploy.oci.streams import Stream
from clouddeploy.progress import Progress, Task
from clouddeploy.push.delivery import Delivery
from clouddeploy.push.plan import Plan
from clouddeploy.push.result import Destination, PushResult
from clouddeploy.push.shared import Alone, as_stream
from clouddeploy.push.spool import Spool
from clouddeploy.push.waiting import wait_for

_SAY_EVERY = 0.2  # seconds
_SMALL = 2 * 1024 * 1024  # bytes; smaller layers are kept whole until they have arrived
_MUCH = 16 * 1024 * 1024  # bytes; a look-up costs less than sending these


class Courier:
    """One destination of an image that comes as a stream."""

    def __init__(self, destination: Destination, progress: Progress, jobs: int) -> None:
        self.destination = destination
        self.name = destination.address
        self.error: CloudDeployError | None = None
        self.result: PushResult | None = None
        self._delivery = Delivery(destination, progress, jobs)
        self._progress = progress
        self._there: set[str] = set()
        self._absent: set[str] = set()
        self._lost: CloudDeployError | None = None
        self._tasks: list[Future[None]] = []
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="push")

    @property
    def waiting(self) -> bool:
        """Whether the destination still needs something."""
        return self.error is None and self.result is None

    def check(self, plan: Plan) -> None:
        """Learn what of a known image is there; done at once when all of it is."""
        try:
            if self._delivery.is_there(plan.digest):
                self._delivery.count.skipped += len(plan.blobs)
                self._delivery.tag(plan)
                self._delivery.remember(plan)
                self.result = self._delivery.result(plan.digest, unchanged=True)
                return
            for _ in self._pool.map(self._has, plan.layers.values()):
                pass
        except CloudDeployError as error:
            self.error = error

    def ask(self, blob: Descriptor) -> Future[bool]:
        """Whether a layer has to be brought, once that is found out."""
        return self._pool.submit(self._lacks, blob)

    def _lacks(self, blob: Descriptor) -> bool:
        try:
            return self.waiting and not self._has(blob)
        except CloudDeployError as error:
            self.error = error
            return False

    def _has(self, blob: Descriptor) -> bool:
        if blob.digest in self._there:
            return True
        if blob.digest in self._absent or not (self._delivery.has(blob) or self._delivery.mount(blob)):
            self._absent.add(blob.digest)
            return False
        self._there.add(blob.digest)
        return True

    def complete(self, plan: Plan) -> bool:
        """Whether every layer of the image has arrived."""
        return all(digest in self._there for digest in plan.layers)

    def take(self, spool: Spool, made: Future[Descriptor], title: str) -> None:
        """Bring one layer; `made` gets what it was, or why it may not be kept."""
        self._tasks.append(self._pool.submit(self._bring, spool, made, title))

    def conclude(self, source: ImageSource, plan: Plan) -> None:
        """Once all that was taken has arrived: config, manifest and tags."""
        wait_for(self._tasks)
        self._tasks.clear()
        if self.error is None and self.complete(plan):
            try:
                self._delivery.send_configs(plan, Alone(source))
                self._delivery.finish(plan)
                self.result = self._delivery.result(plan.digest, unchanged=False)
            except CloudDeployError as error:
                self.error = error

    def give_up(self) -> None:
        """What is missing did not arrive in any reading."""
        self.error = self._lost or CloudDeployError(
            f"{self.destination.client.host} did not get every layer", fix="run the same command again"
        )

    def close(self) -> None:
        """End the threads; what they were at is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _bring(self, spool: Spool, made: Future[Descriptor], title: str) -> None:
        try:
            if self.error:
                return
            with self._progress.task(self._delivery.title(title)) as task:
                whole = spool.wait(_SMALL)
                blob = self._send_whole(spool, made.result(), task) if whole else None
                self._there.add((blob or self._send_stream(spool, made, task)).digest)
        except _ThereError as error:
            self._there.add(error.digest)
        except (TemporaryError, _GoneError) as error:
            self._lost = error
        except CloudDeployError as error:
            self.error = error
        finally:
            spool.leave(self.name)

    def _send_whole(self, spool: Spool, blob: Descriptor, task: Task) -> Descriptor:
        """A layer that is made already: it is looked for first, as any blob is."""
        if self._has(blob):
            task.say("already there")
            return blob
        small = b"".join(spool.read(self.name)) if blob.size <= _SMALL else None
        source = _Once(blob, spool.read(self.name)) if small is None else None
        done = self.destination.client.upload_blob(
            self.destination.repository, blob, source.open if source else lambda: io.BytesIO(small or b"")
        )
        self._delivery.sent(1, done.sent)
        return blob

    def _send_stream(self, spool: Spool, made: Future[Descriptor], task: Task) -> Descriptor:
        """A layer that is still being made. Once it is, and much of it is left, it is looked for."""
        pieces = self._unless_there(_told(spool.read(self.name), task.say), spool, made)
        stream = Stream(pieces, made.result)
        blob = self.destination.client.upload_stream(self.destination.repository, stream)
        self._delivery.sent(1, blob.size)
        return blob

    def _unless_there(
        self, pieces: Iterator[bytes], spool: Spool, made: Future[Descriptor]
    ) -> Iterator[bytes]:
        asked = False
        for piece in pieces:
            if not asked and made.done() and spool.left(self.name) > _MUCH:
                asked = True
                if self._has(made.result()):
                    raise _ThereError(made.result().digest)
            yield piece


class _ThereError(CloudDeployError):
    """The registry has this blob: what is left of it need not be sent."""

    def __init__(self, digest: str) -> None:
        super().__init__("it is there already")
        self.digest = digest


class _GoneError(CloudDeployError):
    """The layer cannot be sent again from here, only from another reading."""


class _Once:
    """A layer that can be opened once."""

    def __init__(self, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        self._blob = blob
        self._pieces: Iterator[bytes] | None = pieces

    def open(self) -> BinaryIO:
        pieces, self._pieces = self._pieces, None
        if pieces is None:
            raise _GoneError(f"{self._blob.digest} was lost on its way", fix="run the same command again")
        return as_stream(pieces)


def _told(pieces: Iterator[bytes], say: Callable[[str], object]) -> Iterator[bytes]:
    """The pieces; says now and then how much has left, and how fast."""
    started = said = time.monotonic()
    sent = 0
    for piece in pieces:
        yield piece
        sent += len(piece)
        if (moment := time.monotonic()) - said > _SAY_EVERY:
            said = moment
            say(f"{sent / 2**20:.1f} MiB  {sent / 2**20 / (moment - started):.1f} MiB/s")
