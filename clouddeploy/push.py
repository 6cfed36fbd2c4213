"""An image goes to a registry: missing layers, config, manifest, tags; then it is read back.

The tag moves last: whatever goes wrong before leaves it as it was.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy.oci.client import LARGEST_MANIFEST, RegistryClient
from clouddeploy.oci.descriptor import Descriptor, digest_of
from clouddeploy.oci.document import Index, Manifest, parse_document
from clouddeploy.oci.reference import Reference
from clouddeploy.oci.source import ImageSource
from clouddeploy.progress import SILENT, Progress

_DEEPEST = 4  # an index in an index is allowed, a chain of them is a trap
_DEFAULT_JOBS = 4


@dataclass(frozen=True)
class PushResult:
    """What a push did, counted in blobs (layers and configs), bytes and HTTP requests.

    `reference` is `host/repository:tag@digest` with the first tag. `unchanged` says that the
    registry had the image under all tags already. `requests` counts the client's while the
    push ran.
    """

    digest: str
    reference: str
    uploaded: int
    skipped: int
    bytes_sent: int
    seconds: float
    requests: int
    unchanged: bool = False


@dataclass(frozen=True)
class _Document:
    descriptor: Descriptor
    body: bytes


@dataclass
class _Plan:
    """Everything an image consists of: manifests children first, blobs each once."""

    documents: list[_Document] = field(default_factory=list)
    layers: dict[str, Descriptor] = field(default_factory=dict)
    configs: dict[str, Descriptor] = field(default_factory=dict)


@dataclass
class _Count:
    uploaded: int = 0
    skipped: int = 0
    bytes_sent: int = 0


class _StoppedError(Exception):
    """Another part of the push failed, this one need not go on."""


def push_image(
    source: ImageSource,
    address: str,
    tags: Sequence[str],
    client: RegistryClient,
    *,
    progress: Progress = SILENT,
    jobs: int = _DEFAULT_JOBS,
) -> PushResult:
    """Bring an image to `address` (`host[:port]/path`) under `tags` and prove that it is there.

    Sends `jobs` layers at a time and only those that the repository lacks. Raises what
    RegistryClient raises, and CloudDeployError when the image is damaged or the registry
    gives back something else than it was given.
    """
    started, before = time.monotonic(), client.requests
    where = Reference.parse_address(address)
    if where.host != client.host:
        raise ValueError(f"{address} is not on {client.host}")
    plan = _read_plan(source)
    digest = source.manifest.digest
    missing = [tag for tag in tags if not _is_at(client, where.repository, tag, digest)]
    present = len(missing) < len(tags) or _is_at(client, where.repository, digest, digest)
    if not present:
        count = _Push(client, where.repository, source, progress).run(plan, missing, jobs)
    else:
        count = _Count(skipped=len(plan.layers) + len(plan.configs))
        _tag(client, where.repository, plan.documents[-1], missing)
    return PushResult(
        digest=digest,
        reference=str(Reference(where.host, where.repository, tags[0] if tags else None, digest)),
        uploaded=count.uploaded,
        skipped=count.skipped,
        bytes_sent=count.bytes_sent,
        seconds=time.monotonic() - started,
        requests=client.requests - before,
        unchanged=present and not missing,
    )


class _Push:
    """One image on its way into one repository."""

    def __init__(
        self, client: RegistryClient, repository: str, source: ImageSource, progress: Progress
    ) -> None:
        self._client = client
        self._repository = repository
        self._source = source
        self._progress = progress
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._count = _Count()

    def run(self, plan: _Plan, tags: Sequence[str], jobs: int) -> _Count:
        with ThreadPoolExecutor(jobs, thread_name_prefix="push") as pool:
            self._all(pool, self._layer, plan.layers.values())
            self._all(pool, self._config, plan.configs.values())
        for document in plan.documents:
            _store(self._client, self._repository, document, document.descriptor.digest)
        _tag(self._client, self._repository, plan.documents[-1], tags)
        return self._count

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

    def _layer(self, blob: Descriptor) -> None:
        title = f"{self._repository} {blob.digest.partition(':')[2][:12]}"
        with self._progress.task(title, total=blob.size) as task:
            if not self._send(blob, task.advance):
                task.say("already there")
                task.advance(blob.size)

    def _config(self, blob: Descriptor) -> None:
        self._send(blob, lambda _: None)

    def _send(self, blob: Descriptor, advance: Callable[[int], None]) -> bool:
        """Whether the blob had to be uploaded."""
        self._check_stop()
        if self._client.has_blob(self._repository, blob.digest):
            with self._lock:
                self._count.skipped += 1
            return False

        def on_bytes(amount: int) -> None:
            self._check_stop()
            advance(amount)

        self._client.upload_blob(self._repository, blob, lambda: self._source.open(blob.digest), on_bytes)
        with self._lock:
            self._count.uploaded += 1
            self._count.bytes_sent += blob.size
        return True

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise _StoppedError


def _as_they_end(futures: Sequence[Future[None]]) -> Iterator[Future[None]]:
    """The futures that failed first, then all: so that the first real error is the one raised."""
    done, _ = wait(futures, return_when="FIRST_EXCEPTION")
    yield from sorted(done, key=lambda one: isinstance(one.exception(), _StoppedError))
    yield from futures


def _read_plan(source: ImageSource) -> _Plan:
    plan = _Plan()
    try:
        _add(plan, source, source.manifest, _DEEPEST)
    except (ValueError, OSError) as error:
        raise CloudDeployError(
            f"the image {source.manifest.digest} is damaged: {error}", fix="build the image again"
        ) from error
    return plan


def _add(plan: _Plan, source: ImageSource, descriptor: Descriptor, depth: int) -> None:
    if depth == 0:
        raise ValueError("its indexes are nested too deeply")
    body = _read_document(source, descriptor)
    match parse_document(body, descriptor.media_type):
        case Index(manifests=manifests):
            for child in manifests:
                _add(plan, source, child, depth - 1)
        case Manifest(config=config, layers=layers):
            plan.configs[config.digest] = config
            plan.layers.update({one.digest: one for one in layers if not _elsewhere(one)})
    plan.documents.append(_Document(descriptor, body))


def _read_document(source: ImageSource, descriptor: Descriptor) -> bytes:
    if descriptor.size > LARGEST_MANIFEST:
        raise ValueError(f"its manifest is larger than {LARGEST_MANIFEST} bytes")
    with source.open(descriptor.digest) as stream:
        body = stream.read(descriptor.size + 1)
    if (
        len(body) != descriptor.size
        or digest_of(body, descriptor.digest.partition(":")[0]) != descriptor.digest
    ):
        raise ValueError(f"the manifest {descriptor.digest} is not what its digest says")
    return body


def _elsewhere(layer: Descriptor) -> bool:
    """Layers that may not be distributed stay where they are (image-spec, layer.md)."""
    return ".nondistributable." in layer.media_type or ".foreign." in layer.media_type


def _is_at(client: RegistryClient, repository: str, reference: str, digest: str) -> bool:
    """Whether the manifest behind a tag or digest, as we read it, has this digest."""
    try:
        return _read_digest(client, repository, reference, digest) == digest
    except NotFoundError:
        return False


def _read_digest(client: RegistryClient, repository: str, reference: str, like: str) -> str:
    _, body = client.get_manifest(repository, reference)
    return digest_of(body, like.partition(":")[0])


def _tag(client: RegistryClient, repository: str, document: _Document, tags: Sequence[str]) -> None:
    for tag in tags:
        _store(client, repository, document, tag)


def _store(client: RegistryClient, repository: str, document: _Document, reference: str) -> None:
    """Put a manifest and read it back: a registry's thanks prove nothing."""
    descriptor = document.descriptor
    client.put_manifest(repository, reference, document.body, descriptor.media_type)
    if not _is_at(client, repository, reference, descriptor.digest):
        raise CloudDeployError(
            f"{client.host} took {descriptor.digest} for {repository} but does not give it back",
            fix="push again; if it stays so, tell whoever runs this registry",
        )
