"""One image on its way into one repository: missing layers, config, manifests, tags, proof.

The tag moves last: whatever goes wrong before leaves it as it was.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from clouddeploy.errors import CloudDeployError, NotFoundError, PreconditionError
from clouddeploy.oci.descriptor import Descriptor, digest_of
from clouddeploy.oci.reference import Reference
from clouddeploy.progress import Progress
from clouddeploy.push.plan import Document, Plan
from clouddeploy.push.result import Count, Destination, PushResult
from clouddeploy.push.shared import View
from clouddeploy.push.waiting import wait_for


class StoppedError(Exception):
    """Another part of the push failed, this one need not go on."""


class Delivery:
    """Knows what one repository has of one image, and brings the rest."""

    def __init__(self, destination: Destination, progress: Progress, jobs: int) -> None:
        self.destination = destination
        self.count = Count()
        self._client = destination.client
        self._journal = destination.client.journal
        self._repository = destination.repository
        self._progress = progress
        self._jobs = jobs
        self._untagged = list(destination.tags)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._requests = destination.client.requests

    def is_there(self, digest: str) -> bool:
        """Whether the repository has the image, under a tag of ours or, as far as is known, at all.

        Raises PreconditionError when a tag that cannot move means another image.
        """
        tags = self.destination.tags
        self._untagged = [tag for tag in tags if not self._means(tag, digest)]
        if len(self._untagged) < len(tags):
            return True
        known = not tags or self._journal.holder(digest, other_than="") == self._repository
        return known and self._read_digest(digest, digest) == digest

    def _means(self, tag: str, digest: str) -> bool:
        found = self._read_digest(tag, digest)
        if found not in {None, digest} and self.destination.immutable:
            raise PreconditionError(
                f"{self.destination.address}:{tag} is another image, {found}, and its tags never move; "
                "nothing was sent",
                fix="push under another tag: --tag",
            )
        return found == digest

    def send(self, plan: Plan, source: View) -> None:
        """Bring every blob that is missing, several at a time."""
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="push") as pool:
            self._all(pool, lambda blob: self._layer(blob, source), plan.layers.values())
            self._all(pool, lambda blob: self._config(blob, source), plan.configs.values())

    def send_configs(self, plan: Plan, source: View) -> None:
        """Bring the configs alone: the layers came another way."""
        for blob in plan.configs.values():
            self._config(blob, source)

    def finish(self, plan: Plan) -> None:
        """Store the manifests, children first, and move the tags; each is read back."""
        *children, top = plan.documents
        for child in children:
            self._put(child, child.descriptor.digest)
            self._prove(child, child.descriptor.digest)
        self._put(top, top.descriptor.digest)
        self.tag(plan)
        if not self.destination.tags:
            self._prove(top, top.descriptor.digest)
        self.remember(plan)

    def remember(self, plan: Plan) -> None:
        """Note for later pushes that the repository has all of the image."""
        self._journal.holds(self._repository, [plan.digest, *(blob.digest for blob in plan.blobs)])

    def tag(self, plan: Plan) -> None:
        """Give the tags that are missing to an image that is there."""
        for tag in self._untagged:
            self._put(plan.documents[-1], tag)
            self._prove(plan.documents[-1], tag)

    def result(self, digest: str, *, unchanged: bool) -> PushResult:
        """What was done since this delivery was made."""
        tags = self.destination.tags
        where = Reference.parse_address(self.destination.address)
        return PushResult(
            digest=digest,
            reference=str(Reference(where.host, where.repository, tags[0] if tags else None, digest)),
            uploaded=self.count.uploaded,
            skipped=self.count.skipped,
            bytes_sent=self.count.bytes_sent,
            seconds=time.monotonic() - self._started,
            requests=self._client.requests - self._requests,
            unchanged=unchanged and not self._untagged,
            mounted=self.count.mounted,
        )

    def has(self, blob: Descriptor) -> bool:
        """Whether the repository has a blob; counts it when it does."""
        found = self._client.has_blob(self._repository, blob.digest)
        if found:
            self._journal.committed(self._repository, blob.digest)
            with self._lock:
                self.count.skipped += 1
        return found

    def mount(self, blob: Descriptor) -> bool:
        """Whether another repository of the registry had the blob and lent it."""
        holder = self._journal.holder(blob.digest, other_than=self._repository)
        if holder is None or not self._client.mount_blob(self._repository, blob, holder):
            return False
        self.sent(0, 0)
        return True

    def title(self, digest: str) -> str:
        """A blob's line for people."""
        name = self.destination.name
        return f"{name}{' ' if name else ''}{self._repository} {digest.partition(':')[2][:12]}"

    def _all(
        self, pool: ThreadPoolExecutor, send: Callable[[Descriptor], None], blobs: Iterable[Descriptor]
    ) -> None:
        try:
            futures = [pool.submit(send, blob) for blob in blobs]
            for future in _as_they_end(futures):
                future.result()
        except BaseException as error:
            self._stop.set()
            if not isinstance(error, Exception):
                self._client.close()  # Ctrl-C: do not wait for a silent registry
            pool.shutdown(wait=True, cancel_futures=True)
            raise

    def _layer(self, blob: Descriptor, source: View) -> None:
        with self._progress.task(self.title(blob.digest), total=blob.size) as task:
            self._check_stop()
            if self.has(blob):
                source.pass_by(blob)
                task.say("already there")
                task.advance(blob.size)
            elif not self._upload(blob, source, task.advance):
                source.pass_by(blob)
                task.say("mounted")
                task.advance(blob.size)

    def _config(self, blob: Descriptor, source: View) -> None:
        """A config names its layers: where one of them was missing, it can only be there by a cut push."""
        self._check_stop()
        maybe = not self.count.layers_sent or self._journal.holder(blob.digest, other_than="") is not None
        if not (maybe and self.has(blob)):
            self._upload(blob, source, lambda _: None)

    def _upload(self, blob: Descriptor, source: View, advance: Callable[[int], None]) -> bool:
        """Whether the blob had to be sent; otherwise another repository had it."""

        def on_bytes(amount: int) -> None:
            self._check_stop()
            advance(amount)

        done = self._client.upload_blob(
            self._repository,
            blob,
            lambda: source.open(blob),
            on_bytes,
            mount=self._journal.holder(blob.digest, other_than=self._repository),
        )
        self.sent(0 if done.mounted else 1, done.sent)
        return not done.mounted

    def sent(self, blobs: int, amount: int) -> None:
        """Count what was uploaded; no blobs stand for one that was mounted."""
        with self._lock:
            self.count.uploaded += blobs
            self.count.mounted += 1 - blobs
            self.count.bytes_sent += amount
            self.count.layers_sent = True

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _put(self, document: Document, reference: str) -> None:
        self._client.put_manifest(self._repository, reference, document.body, document.descriptor.media_type)

    def _prove(self, document: Document, reference: str) -> None:
        """Read a manifest back: a registry's thanks prove nothing."""
        digest = document.descriptor.digest
        if self._read_digest(reference, digest) != digest:
            raise CloudDeployError(
                f"{self._client.host} took {digest} for {self._repository} but does not give it back",
                fix="push again; if it stays so, tell whoever runs this registry",
            )

    def _read_digest(self, reference: str, like: str) -> str | None:
        """The digest of what a tag or digest means, as we compute it; None when it means nothing."""
        try:
            _, body = self._client.get_manifest(self._repository, reference)
        except NotFoundError:
            return None
        return digest_of(body, like.partition(":")[0])


def _as_they_end(futures: Sequence[Future[None]]) -> Iterator[Future[None]]:
    """The futures that failed first, then all: so that the first real error is the one raised."""
    done = wait_for(futures, "FIRST_EXCEPTION")
    yield from sorted(done, key=lambda one: isinstance(one.exception(), StoppedError))
    yield from futures
