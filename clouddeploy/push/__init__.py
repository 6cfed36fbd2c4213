"""Images go to registries: one read, many destinations, each proven by reading back.

`push` brings an image to several places at once, `push_image` to one.
"""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.images.streamed import Archive
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.source import ImageSource
from clouddeploy.progress import SILENT, Progress
from clouddeploy.push.delivery import Delivery
from clouddeploy.push.everywhere import deliver, push_everywhere
from clouddeploy.push.how import How, Inspector
from clouddeploy.push.plan import read_plan
from clouddeploy.push.result import Delivered, Destination, PushResult
from clouddeploy.push.shared import Alone

__all__ = ["Delivered", "Destination", "How", "Inspector", "PushResult", "push", "push_image"]

JOBS = 4
"""Blobs that are on their way to one registry at a time."""


def push(image: ImageSource | Archive, destinations: Sequence[Destination], how: How) -> list[Delivered]:
    """Bring an image to every destination, in their order; errors are in the results.

    Raises CloudDeployError when the image itself is damaged or may not be pushed.
    """
    if isinstance(image, Archive):
        from clouddeploy.push.archive import push_archive

        return push_archive(image, destinations, how)
    return push_everywhere(image, destinations, how)


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
