"""A shelf that keeps nothing: each layer goes on to the registries while it is being made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

from clouddeploy.errors import CloudDeployError
from clouddeploy.images.manifest import Layer
from clouddeploy.images.shelf import Memory, Slot
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, Descriptor
from clouddeploy.push.courier import Courier
from clouddeploy.push.how import How, Inspector
from clouddeploy.push.memory import Sparing
from clouddeploy.push.spool import Budget, Spool

_PIECE = 256 * 1024  # bytes; each upload on its way holds a few of them


class NobodyLeftError(Exception):
    """No destination wants anything any more: reading on is of no use."""


class Relay:
    """The shelf of one reading for those who still need something; with no couriers it only measures."""

    def __init__(
        self,
        couriers: Sequence[Courier],
        memory: Memory,
        how: How,
        budget: Budget,
    ) -> None:
        self.compression = how.compression
        self._couriers = couriers
        self._memory = memory
        self._inspector = how.inspector
        self._budget = budget
        self._sparing = Sparing()

    def known(self, member: str) -> Layer | None:
        layer = self._memory.recall(member)
        return layer if layer and not self._takers(layer) else None

    @contextmanager
    def slot(self, member: str) -> Iterator[Slot]:
        known = self._memory.recall(member)
        takers = self._takers(known)
        if self._couriers and not any(one.waiting for one in self._couriers):
            raise NobodyLeftError
        spool, made = Spool(self._budget, [one.name for one in takers]), Future[Descriptor]()
        for one in takers:
            one.take(spool, made, known.blob.digest if known else member.rpartition("/")[2] or member)
        slot = _Slot(spool, made, self._sparing, self._inspector(member) if self._inspector else None)
        try:
            yield slot
        except BaseException as error:
            slot.drop(error)
            raise

    def _takers(self, known: Layer | None) -> list[Courier]:
        waiting = [one for one in self._couriers if one.waiting]
        if known is None:
            return waiting
        answers = [(one, one.ask(known.blob)) for one in waiting]
        return [one for one, answer in answers if answer.result()]

    def remember(self, member: str, layer: Layer) -> None:
        self._memory.remember(member, layer)

    def forget(self, member: str) -> None:
        self._memory.forget(member)


class _Slot:
    """Hashes a layer and passes it on."""

    def __init__(
        self, spool: Spool, made: Future[Descriptor], sparing: Sparing, inspector: Inspector | None
    ) -> None:
        self._spool = spool
        self._made = made
        self._sparing = sparing
        self._inspector = inspector
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)
        for start in range(0, len(data), _PIECE):
            self._spool.write(data[start : start + _PIECE])
        self._sparing.passed(len(data))

    def look(self, plain: bytes) -> None:
        if self._inspector:
            self._inspector.feed(plain)

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def commit(self) -> None:
        if self._inspector:
            self._inspector.verdict(self.digest)
        self._spool.end()
        self._made.set_result(Descriptor(OCI_LAYER_GZIP, self.digest, self.size))

    def drop(self, error: BaseException) -> None:
        """Nobody may keep what was passed on so far."""
        told = (
            error if isinstance(error, CloudDeployError) else CloudDeployError("the image was not read whole")
        )
        if not self._made.done():
            self._made.set_exception(told)
        self._spool.end(told)
