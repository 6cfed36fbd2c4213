"""What the live tests found on this machine: a line per part, printed when the tests are over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PARTS = (
    "Docker Engine",
    "registry",
    "OCI conformance",
    "Kubernetes",
    "four clusters",
    "kube-apiserver",
    "aws CLI",
    "gcloud",
    "Chromium",
)
lines: dict[str, str] = {}


def ran(part: str, what: str) -> None:
    """A part is there and tests have used it."""
    lines[part] = f"ran with {what}"


def missing(part: str, why: str) -> None:
    """Skip the test, for this reason; fail where everything can be installed: CI on Debian as root."""
    lines.setdefault(part, f"skipped: {why}")
    if os.environ.get("CI") == "true" and os.geteuid() == 0 and Path("/etc/debian_version").exists():
        pytest.fail(f"{part}: {why}")
    pytest.skip(f"{part}: {why}")


def merge(others: dict[str, str]) -> None:
    """Take over what another process found; a part that ran anywhere has run."""
    for part, line in others.items():
        if line.startswith("ran") or part not in lines:
            lines[part] = line


def summary() -> list[str]:
    """One line per part."""
    return [
        f"live: {part}: {lines.get(part, 'not asked for by the tests that were chosen')}" for part in PARTS
    ]
