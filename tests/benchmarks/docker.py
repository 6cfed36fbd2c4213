"""The Docker Engine that holds the benchmark's image: the bench's own where it is up, else the user's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.live.bench import engine, processes

_NAME = "clouddeploy-bench:1"


@dataclass(frozen=True)
class Loaded:
    """An image in an engine, by its ID, and the engine's process where we know it."""

    image_id: str
    daemon: int | None

    def tag(self, address: str) -> None:
        """Name it as `docker push` wants it named."""
        _docker("tag", self.image_id, address)


def answers() -> bool:
    """Whether there is an engine; DOCKER_HOST is set to the bench's when that is up."""
    if processes.running("docker-engine"):
        os.environ.setdefault("DOCKER_HOST", f"unix://{engine.socket()}")
    command = ["docker", "version"]
    return bool(shutil.which("docker")) and not subprocess.run(command, capture_output=True).returncode


@contextmanager
def loaded(layout: Path, folder: Path, names: Sequence[str]) -> Iterator[Loaded]:
    """The layout's image `bench` in the engine under `names`, until the end of the block."""
    archive = folder / "docker.tar"
    convert = ["skopeo", "copy", "-q", f"oci:{layout}:bench", f"docker-archive:{archive}:{_NAME}"]
    subprocess.run(convert, check=True)
    _docker("load", "-q", "-i", str(archive))
    archive.unlink()
    ours = os.environ.get("DOCKER_HOST") == f"unix://{engine.socket()}"
    image = Loaded(
        _docker("image", "inspect", "-f", "{{.Id}}", _NAME), processes.pid("docker-engine") if ours else None
    )
    try:
        for name in names:
            image.tag(name)
        yield image
    finally:
        _docker("rmi", _NAME, *names)


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()
