"""What every namespace gets, and how one ends."""

from __future__ import annotations

from typing import Any

from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.world import World, ending
from clouddeploy.emulator.kubernetes.resources import BY_ID, RESOURCES

Json = dict[str, Any]
_CONTENT = [resource for resource in RESOURCES if resource.namespaced]


class Namespaces:
    """Plays the namespace, service account and root CA controllers; `ca` is the cluster's CA as PEM."""

    def __init__(self, world: World, ca: str) -> None:
        self._world = world
        self._ca = ca
        self._furnished: set[str] = set()

    def reconcile(self) -> None:
        for namespace in self._world.all("namespaces"):
            if ending(namespace):
                self._end(namespace)
            elif namespace["metadata"]["uid"] not in self._furnished:
                self._furnish(namespace)

    @property
    def furnished(self) -> int:
        """How many namespaces have got theirs."""
        return len(self._furnished)

    def _furnish(self, namespace: Json) -> None:
        name = namespace["metadata"]["name"]
        account = {"metadata": {"name": "default", "namespace": name}}
        root = {"metadata": {"name": "kube-root-ca.crt", "namespace": name}, "data": {"ca.crt": self._ca}}
        try:
            self._world.create("serviceaccounts", account)
            self._world.create("configmaps", root)
        except RefusedError as error:
            if error.code not in (403, 404):
                raise
        self._furnished.add(namespace["metadata"]["uid"])

    def _end(self, namespace: Json) -> None:
        """Delete the content, then let the namespace go."""
        name = namespace["metadata"]["name"]
        if self._empty(name):
            bare = {**namespace, "spec": {**namespace["spec"], "finalizers": []}}
            self._world.replace("namespaces", bare, "finalize")
        else:
            self._world.again(0.1)

    def _empty(self, name: str) -> bool:
        left = 0
        for resource in _CONTENT:
            for item in self._world.client.list(resource, name)["items"]:
                left += 1
                if not item["metadata"].get("deletionTimestamp"):
                    obj = {"kind": resource.kind, "apiVersion": resource.api_version, **item}
                    self._world.remove(BY_ID[resource.id], obj, propagationPolicy="Background")
        return left == 0
