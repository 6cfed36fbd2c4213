"""Creating where the API has no idempotency token: never twice, also after a lost reply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clouddeploy.errors import TemporaryError

_LOOKS = 6
"""How often a resource may be missing from lists after a create without an answer. The engine waits
longer and longer between looks, about 10 seconds in all."""


class Doubt:
    """Whether a create may have succeeded without an answer."""

    def __init__(self) -> None:
        self._looks = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Around the one call that creates; one that was throttled has certainly done nothing."""
        try:
            yield
        except TemporaryError as error:
            self._looks = 0 if "Throttling" in str(error.code) else _LOOKS
            raise

    def remains(self) -> bool:
        """Asked when a look finds nothing: True while a create may still show up."""
        self._looks -= 1
        return self._looks >= 0

    def clear(self) -> None:
        """Something was found."""
        self._looks = 0
