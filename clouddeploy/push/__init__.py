"""Images go to registries: one read, many destinations, each proven by reading back.

`push_image` brings an image to one place, `push_everywhere` to several at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.source import ImageSource
from clouddeploy.progress import SILENT, Progress
from clouddeploy.push.delivery import Delivery
from clouddeploy.push.everywhere import deliver, push_everywhere
from clouddeploy.push.plan import read_plan
from clouddeploy.push.result import Delivered, Destination, PushResult
from clouddeploy.push.shared import Alone

__all__ = ["Delivered", "Destination", "PushResult", "push_everywhere", "push_image"]

JOBS = 4
"""Blobs that are on their way to one registry at a time."""


def push_image(
    source: ImageSource,
    address: str,
    tags: Sequence[str],
    client: RegistryClient,
    *,
    progress: Progress = SILENT,
    jobs: int = JOBS,
) -> PushResult:
    """Bring an image to `address` (`host[:port]/path`) under `tags` and prove that it is there.

    Sends `jobs` layers at a time and only those that the repository lacks. Raises what
    RegistryClient raises, and CloudDeployError when the image is damaged or the registry
    gives back something else than it was given.
    """
    plan = read_plan(source)
    return deliver(plan, Alone(source), Delivery(Destination(client, address, tags), progress, jobs))
