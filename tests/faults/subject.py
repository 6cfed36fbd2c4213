"""The product as the fault harness knows it. Everything the harness does to it goes through here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import clouddeploy.push
from clouddeploy.contract import Login, Secret
from clouddeploy.errors import CloudDeployError
from clouddeploy.images.sources import open_source
from clouddeploy.images.store import Store
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.journal import Journal
from clouddeploy.oci.retry import Retry
from clouddeploy.push import Destination, How
from tests.faults.layouts import NAME

End = Literal["done", "temporary", "refused", "crashed"]


@dataclass(frozen=True)
class Job:
    """One push: the OCI layout at `layout`, or the `archive`, to `host/repository` under `tags`.

    `home` is for what a push remembers between runs. Of each second of back-off `1 / pace` is
    waited; `timeout` is how many real seconds a registry may be silent. Blobs of more than
    `chunk` bytes go in chunks, where the registry takes them. `immutable` says that the repository's
    tags never move, which a provider knows.
    """

    layout: Path
    host: str
    repository: str
    tags: tuple[str, ...]
    username: str
    password: str
    home: Path
    pace: float = 1.0
    timeout: float = 5.0
    chunk: int = 400_000
    immutable: bool = False
    archive: Path | None = None


@dataclass(frozen=True)
class Verdict:
    """How a run ended: `done`, exit code 75, another error for people, or a traceback."""

    end: End
    message: str = ""
    digest: str = ""


def push(job: Job) -> Verdict:
    """Push, and say what the product says."""

    def run(client: RegistryClient) -> str:
        address = f"{job.host}/{job.repository}"
        destination = Destination(client, address, job.tags, immutable=job.immutable)
        source = f"docker-archive:{job.archive}" if job.archive else f"oci:{job.layout}:{NAME}"
        with open_source(source, Store(job.home / "images")) as image:
            [delivered] = clouddeploy.push.push(image, [destination], How())
        if delivered.result is None:
            raise delivered.error or AssertionError("neither a result nor an error")
        return delivered.result.digest

    return _run(job, run)


def tags(job: Job) -> Verdict:
    """List the repository's tags; the digest is that of none."""
    return _run(job, lambda client: ",".join(client.tags(job.repository)))


def _run(job: Job, action: Callable[[RegistryClient], str]) -> Verdict:
    login = Login(job.host, job.username, Secret(job.password))
    retry = Retry(
        sleep=lambda seconds: time.sleep(seconds / job.pace), clock=lambda: time.monotonic() * job.pace
    )
    journal = Journal.of(job.host, job.home)
    try:
        with RegistryClient(
            job.host, lambda: login, timeout=job.timeout, retry=retry, journal=journal
        ) as client:
            client._session.chunks.size = job.chunk
            return Verdict("done", digest=action(client))
    except CloudDeployError as error:
        return Verdict("temporary" if error.exit_code == 75 else "refused", str(error))
    except Exception as error:
        return Verdict("crashed", f"{type(error).__name__}: {error}")
