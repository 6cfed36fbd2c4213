"""One image to several destinations at once; what goes wrong at one does not stop the others."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.source import ImageSource
from clouddeploy.push.delivery import Delivery
from clouddeploy.push.how import How
from clouddeploy.push.plan import Plan, read_plan
from clouddeploy.push.result import Delivered, Destination, PushResult
from clouddeploy.push.shared import Shared, View
from clouddeploy.push.waiting import wait_for


def push_everywhere(source: ImageSource, destinations: Sequence[Destination], how: How) -> list[Delivered]:
    """Bring an image to every destination, in their order; errors are in the results.

    What several registries lack is read and hashed once. Raises CloudDeployError when the image is damaged.
    """

    def act(destination: Destination) -> Delivered:
        try:
            delivery = Delivery(destination, how.progress, how.jobs)
            delivered = Delivered(destination, deliver(plan, shared.view(destination.address), delivery))
        except CloudDeployError as error:
            delivered = Delivered(destination, error=error)
        finally:
            shared.leave(destination.address)
        how.on_done(delivered)
        return delivered

    plan = read_plan(source)
    shared = Shared(source, [one.address for one in destinations])
    with ThreadPoolExecutor(max(len(destinations), 1), thread_name_prefix="push") as pool:
        futures = [pool.submit(act, one) for one in destinations]
        try:
            wait_for(futures)
        except BaseException:
            for one in destinations:
                one.client.close()  # Ctrl-C: do not wait for a silent registry
            raise
    return [future.result() for future in futures]


def deliver(plan: Plan, source: View, delivery: Delivery) -> PushResult:
    """Bring an image to one destination; raises what goes wrong there."""
    present = delivery.is_there(plan.digest)
    if present:
        delivery.count.skipped += len(plan.blobs)
        delivery.tag(plan)
        delivery.remember(plan)
    else:
        delivery.send(plan, source)
        delivery.finish(plan)
    return delivery.result(plan.digest, unchanged=present)
