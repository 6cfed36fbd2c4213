"""Answers whose head has to be whole: http.client takes the end of the connection for the end of a head."""

from __future__ import annotations

import http.client
from typing import Any


class WholeResponse(http.client.HTTPResponse):
    """Raises RemoteDisconnected for a head that does not end with an empty line (RFC 9112, 2.1)."""

    def begin(self) -> None:
        """Read the head."""
        stream: Any = self.fp
        self.fp = _Lines(stream)  # type: ignore[assignment]
        try:
            super().begin()
        finally:
            if self.fp is not None:  # a status line that is none closes it
                self.fp = stream


class _Lines:
    """A stream as far as reading a head needs it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._begun = False

    def readline(self, limit: int) -> bytes:
        line: bytes = self._stream.readline(limit)
        # Without any line nothing was answered at all, which http.client knows.
        if not line.endswith(b"\n") and len(line) < limit and (line or self._begun):
            raise http.client.RemoteDisconnected("the connection ended within the head of an answer")
        self._begun = True
        return line

    def close(self) -> None:
        self._stream.close()
