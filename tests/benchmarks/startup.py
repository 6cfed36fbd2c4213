"""How long the command line takes before it does anything."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.benchmarks.measure import Figures, measure

RUNS = 15


def figures() -> dict[str, Figures]:
    """Start-up beside a bare interpreter and the peers that are installed."""
    program = str(Path(sys.executable).with_name("clouddeploy"))
    rows = {
        "python -c pass": measure([sys.executable, "-c", "pass"], runs=RUNS),
        "clouddeploy --version": measure([program, "--version"], runs=RUNS),
        "clouddeploy --help": measure([program, "--help"], runs=RUNS),
        "clouddeploy push --help": measure([program, "push", "--help"], runs=RUNS),
    }
    for peer in (("docker", "--version"), ("skopeo", "--version"), ("kubectl", "version", "--client")):
        if path := shutil.which(peer[0]):
            rows[" ".join(peer)] = measure([path, *peer[1:]], runs=RUNS)
    return rows
