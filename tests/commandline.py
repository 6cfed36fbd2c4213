"""The command line as people call it: a process of its own, in a folder, with an environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

INHERITED = ("PATH", "LANG", "TERM", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty project folder."""
    made = tmp_path / "shop"
    made.mkdir()
    return made


@pytest.fixture
def run(tmp_path: Path, folder: Path) -> Run:
    """Run `clouddeploy ARGUMENTS` in the project folder, with a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    base = {key: os.environ[key] for key in INHERITED if key in os.environ}
    base |= {"HOME": str(home), "COLUMNS": "200", "AWS_EC2_METADATA_DISABLED": "true"}

    def call(
        *arguments: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        given: str | None = None,
    ) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "clouddeploy", *arguments],
            cwd=cwd or folder,
            env={**base, **(env or {})},
            input=given or "",
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert "defect of clouddeploy" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return call
