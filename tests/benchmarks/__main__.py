"""`make bench`: start-up, render, packing and push, each beside its peers, in one run."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from pathlib import Path

from tests.benchmarks import packing, push, render, startup
from tests.benchmarks.table import show


def main() -> None:
    """Print the tables; needs about two minutes and 1 GiB below the temporary folder."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs; ratios are to each first row")
    with tempfile.TemporaryDirectory(prefix="clouddeploy-bench-") as scratch:
        folder = Path(scratch)
        show("start-up", startup.figures())
        show("render", render.figures(folder))
        packing.show()
        if not shutil.which("docker-registry"):
            print("\npush: not measured, docker-registry is not installed (apt install docker-registry)")
            return
        show("push, 12 layers of 40 MiB", push.figures(folder, 12, 40))
        show("push, 100 layers of 1 MiB", push.figures(folder, 100, 1))


if __name__ == "__main__":
    main()
