"""CPU time measured beside known work, so that a slow or busy machine fails no test about speed."""

from __future__ import annotations

import time
from collections.abc import Callable

_USUAL = 0.1
"""CPU seconds of `_work` on the two-core machine on which the tests' bounds were chosen."""


def cpu_seconds(action: Callable[[], object]) -> float:
    """CPU seconds of `action`; on a machine that is slower than usual, as many times less."""
    before = _cost(_work)
    took = _cost(action)
    return took / max(1.0, max(before, _cost(_work)) / _USUAL)


def _cost(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def _work() -> int:
    found: dict[str, int] = {}
    for number in range(500_000):
        key = str(number % 1000)
        found[key] = found.get(key, 0) + number
    return len(found)
