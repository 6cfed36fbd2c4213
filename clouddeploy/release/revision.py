"""The release id: a tag that names what was built, the same on every target and every run."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

_GIT_SECONDS = 10


def release_id(root: Path, digests: Iterable[str]) -> str:
    """`2026.11.23-7c1f2aa` for a clean git checkout: the commit's date (UTC) and short hash.

    Uncommitted changes below `root` add a hash of the images' digests, so that other content
    gets another tag; without git the id is that hash alone. Always a valid image tag.
    """
    content = hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()
    commit = _git(root, "show", "-s", "--date=format-local:%Y.%m.%d", "--format=%cd-%h", "--abbrev=7", "HEAD")
    if not commit:
        return f"sha-{content[:12]}"
    changes = _git(root, "status", "--porcelain", "--", ".")
    return commit if changes == "" else f"{commit}-dirty.{content[:8]}"


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_GIT_SECONDS, check=True, env=_environment()
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    return {**os.environ, "TZ": "UTC", "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
