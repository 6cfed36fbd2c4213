"""Where the bench keeps what it builds and what it runs, per user, outside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent


def cache() -> Path:
    """`~/.cache/clouddeploy`, or below XDG_CACHE_HOME."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "clouddeploy"


def programs() -> Path:
    """Binaries built from Go modules, named `program-version`; kept between runs."""
    return cache() / "bin"


def state() -> Path:
    """Everything of one run: configs, keys, logs, data, process ids. Removed by bench-down."""
    return cache() / "bench"
