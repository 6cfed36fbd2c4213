"""How a push goes about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from clouddeploy.progress import SILENT, Progress
from clouddeploy.push.result import Delivered


class Inspector(Protocol):
    """Looks at a layer's plain bytes on their way; `verdict` raises when it may not be kept anywhere."""

    def feed(self, plain: bytes, /) -> None: ...
    def verdict(self, digest: str) -> None: ...


@dataclass(frozen=True)
class How:
    """`jobs` blobs at a time for each destination.

    Plain layers are compressed with `compression` ("gzip" or "zstd") while the `inspector` of each
    layer's name looks at them; `config` is called with the config's bytes and digest, and may
    refuse it. `on_done` hears of each destination as it ends, from the thread that served it.
    """

    jobs: int = 4
    compression: str = "gzip"
    inspector: Callable[[str], Inspector] | None = None
    config: Callable[[bytes, str], object] = lambda _body, _digest: None
    progress: Progress = SILENT
    on_done: Callable[[Delivered], object] = lambda _: None
