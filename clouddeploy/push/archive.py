"""An image that comes as a stream goes to several destinations: one reading, layers on their way at once.

Before anything is read, what is known of the image is looked up in the registries: an image that
is there already costs one request each. A layer that was lost on its way, or that a slow
registry was left behind with, comes again from another reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from clouddeploy.errors import CloudDeployError
from clouddeploy.images.manifest import parse_image
from clouddeploy.images.shelf import Memory
from clouddeploy.images.store import Image
from clouddeploy.images.streamed import Archive
from clouddeploy.push.courier import Courier
from clouddeploy.push.how import How
from clouddeploy.push.memory import share_one_arena
from clouddeploy.push.plan import read_plan
from clouddeploy.push.relay import NobodyLeftError, Relay
from clouddeploy.push.result import Delivered, Destination
from clouddeploy.push.spool import Budget
from clouddeploy.push.waiting import wait_for

_READINGS = 6
"""How often an archive is read at most, as often as any request is tried."""


def push_archive(archive: Archive, destinations: Sequence[Destination], how: How) -> list[Delivered]:
    """Bring the image to every destination, in their order; their errors are in the results.

    Raises CloudDeployError when the archive is damaged or may not be pushed: then no
    destination has got the layer in question, nor a manifest.
    """
    share_one_arena()
    couriers = [Courier(one, how.progress, how.jobs) for one in destinations]
    with ThreadPoolExecutor(max(len(couriers), 1), thread_name_prefix="push") as pool:
        try:
            _Pushing(archive, couriers, pool, how).run()
        except BaseException as error:
            if not isinstance(error, Exception):
                for one in destinations:
                    one.client.close()  # Ctrl-C: do not wait for a silent registry
            raise
        finally:
            for courier in couriers:
                courier.close()
    return [_delivered(one) for one in couriers]


class _Pushing:
    def __init__(
        self, archive: Archive, couriers: Sequence[Courier], pool: ThreadPoolExecutor, how: How
    ) -> None:
        self._archive = archive
        self._couriers = couriers
        self._pool = pool
        self._how = how
        self._budget = Budget()

    def run(self) -> None:
        image = self._archive.known(self._how.compression)
        if image:
            self._look_at_config(image)
        elif any(one.destination.immutable for one in self._couriers):
            image = self._read([])  # whether the tag is another image is to be known before bytes are sent
        if image:
            plan = read_plan(image)
            self._each(lambda one: one.check(plan))
            self._conclude(image)
        for _ in range(_READINGS):
            waiting = [one for one in self._couriers if one.waiting]
            if not waiting:
                return
            try:
                image = self._read(waiting)
            except NobodyLeftError:
                return
            self._conclude(image)
        for one in self._couriers:
            if one.waiting:
                one.give_up()
                self._how.on_done(_delivered(one))

    def _read(self, couriers: Sequence[Courier]) -> Image:
        how = self._how
        memory = Memory(self._archive.store, how.compression)
        relay = Relay(couriers, memory, how, self._budget)
        with how.progress.task(f"read {self._archive.title}") as task:
            image = self._archive.read(relay, task.advance)
        self._look_at_config(image)
        return image

    def _look_at_config(self, image: Image) -> None:
        config = parse_image(image.store, image.manifest).config
        self._how.config(image.store.read(config.digest), config.digest)

    def _conclude(self, image: Image) -> None:
        plan = read_plan(image)
        self._each(lambda one: one.conclude(image, plan))

    def _each(self, act: Callable[[Courier], object]) -> None:
        """For all that wait, at once; says who is done."""

        def one(courier: Courier) -> None:
            act(courier)
            if not courier.waiting:
                self._how.on_done(_delivered(courier))

        wait_for([self._pool.submit(one, each) for each in self._couriers if each.waiting])


def _delivered(courier: Courier) -> Delivered:
    error = courier.error
    if error is None and courier.result is None:
        error = CloudDeployError("interrupted", fix="run the same command again")
    return Delivered(courier.destination, courier.result, error)
