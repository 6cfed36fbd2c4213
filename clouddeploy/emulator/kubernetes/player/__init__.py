"""Plays the controller-manager, the scheduler, the kubelets and the cloud's controllers.

A client of the API like the real ones, so that it serves the small API server and a real one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from urllib3.exceptions import HTTPError

from clouddeploy.emulator.balancers import Balancers
from clouddeploy.emulator.kubernetes.player.claims import Claims
from clouddeploy.emulator.kubernetes.player.client import Admin, Client, RefusedError
from clouddeploy.emulator.kubernetes.player.collector import Collector
from clouddeploy.emulator.kubernetes.player.deployments import Deployments
from clouddeploy.emulator.kubernetes.player.informer import Informer
from clouddeploy.emulator.kubernetes.player.kubelet import Kubelet
from clouddeploy.emulator.kubernetes.player.namespaces import Namespaces
from clouddeploy.emulator.kubernetes.player.node import Nodes
from clouddeploy.emulator.kubernetes.player.others import Jobs, StatefulSets
from clouddeploy.emulator.kubernetes.player.replicasets import ReplicaSets
from clouddeploy.emulator.kubernetes.player.scheduler import Scheduler
from clouddeploy.emulator.kubernetes.player.services import Services
from clouddeploy.emulator.kubernetes.player.volumes import VOLUMES
from clouddeploy.emulator.kubernetes.player.world import ImageCheck, World
from clouddeploy.emulator.kubernetes.resources import BY_ID
from clouddeploy.emulator.kubernetes.storage import Storage
from clouddeploy.emulator.machines import Machines

_WATCHED = (
    "namespaces",
    "pods",
    "services",
    "configmaps",
    "secrets",
    "serviceaccounts",
    "persistentvolumeclaims",
    VOLUMES,
    "deployments.apps",
    "replicasets.apps",
    "statefulsets.apps",
    "jobs.batch",
    "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io",
    "endpointslices.discovery.k8s.io",
    "poddisruptionbudgets.policy",
    "horizontalpodautoscalers.autoscaling",
)
_PAUSE = 0.2  # seconds after a pass that failed
_GATHER = 0.004  # seconds in which changes gather into one pass
_IDLE = 2.0  # seconds between passes that nobody asked for


class Player:
    """Runs all controllers in one thread, a pass after each change that the informers see."""

    def __init__(
        self, admin: Admin, ca: str, storage: Storage, machines: Machines, balancers: Balancers
    ) -> None:
        self._client = Client(admin)
        self._changed = threading.Event()
        self._informers = {name: Informer(self._client, BY_ID[name], self._changed.set) for name in _WATCHED}
        self._world = World(self._client, self._informers)
        self._namespaces = Namespaces(self._world, ca)
        self._claims = Claims(self._world, storage)
        self._nodes = Nodes(self._world, machines)
        self._passes: list[Callable[[], None]] = [
            self._namespaces.reconcile,
            Deployments(self._world).reconcile,
            StatefulSets(self._world).reconcile,
            Jobs(self._world).reconcile,
            ReplicaSets(self._world).reconcile,
            self._claims.reconcile,
            self._nodes.reconcile,
            Scheduler(self._world).reconcile,
            Kubelet(self._world).reconcile,
            Services(self._world, balancers).reconcile,
            Collector(self._world, _WATCHED).reconcile,
        ]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubernetes player", daemon=True)

    def start(self, timeout: float = 60) -> None:
        """Returns when the nodes, the storage classes and the default service accounts are there."""
        self._nodes.reconcile()
        self._claims.furnish()
        for informer in self._informers.values():
            informer.start()
        for informer in self._informers.values():
            informer.synced.wait(timeout)
        self._thread.start()
        end = time.monotonic() + timeout
        while self._namespaces.furnished < 4 and time.monotonic() < end:
            time.sleep(0.01)

    def set_image_check(self, check: ImageCheck) -> None:
        """From here on `check` says why an image cannot be pulled, None when it can."""
        self._world.check_image = check
        self._changed.set()

    def stop(self) -> None:
        """End the threads; requests under way end with the API server. Disks go free, as their nodes go."""
        self._stop.set()
        self._changed.set()
        for informer in self._informers.values():
            informer.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        for informer in self._informers.values():
            informer.join()
        self._claims.detach()
        self._client.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            wait = self._world.take_wake()
            self._changed.wait(_IDLE if wait is None else min(wait, _IDLE))
            self._stop.wait(_GATHER)
            self._changed.clear()
            for reconcile in self._passes:
                if not self._stop.is_set():
                    self._try(reconcile)

    def _try(self, reconcile: Callable[[], None]) -> None:
        """A controller that fails tries again, and does not stop the others."""
        try:
            reconcile()
        except (RefusedError, HTTPError, OSError):
            self._world.again(_PAUSE)
