"""ConfigMaps of earlier versions: their names carry a hash, so each version leaves one behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from clouddeploy.kube.client import Kube, Object
from clouddeploy.kube.kinds import CONFIG_MAP, DEPLOYMENT, POD, REPLICA_SET
from clouddeploy.manifests.labels import PART_OF, ownership

_USERS = (DEPLOYMENT, REPLICA_SET, POD)


def remove_unused_config(kube: Kube, objects: Sequence[Object]) -> list[str]:
    """Delete the app's ConfigMaps that nothing names any more: "ConfigMap/web-env-3f2a9c1b07", ….

    `objects` is what was applied, and is kept. Whatever a Deployment, a ReplicaSet that can
    still be rolled back to, or a pod names is kept too. Call it once the rollout is healthy.
    """
    deployment = next((each for each in objects if each["kind"] == DEPLOYMENT.name), None)
    if deployment is None:
        return []
    namespace = deployment["metadata"]["namespace"]
    mine = ownership(deployment["metadata"]["labels"][PART_OF])
    # Read before their users: one that appears later is in use.
    found = [each["metadata"]["name"] for each in kube.list(CONFIG_MAP, namespace, mine)]
    used = {each["metadata"]["name"] for each in objects if each["kind"] == CONFIG_MAP.name}
    for kind in _USERS:
        for user in kube.list(kind, namespace):
            used.update(_config_maps(user["spec"]))
    unused = [name for name in found if name not in used]
    return [f"ConfigMap/{name}" for name in unused if kube.delete(CONFIG_MAP, name, namespace)]


def _config_maps(value: Any) -> Iterator[str]:
    """Every ConfigMap that a spec names: by envFrom, by a single variable, by a volume."""
    if isinstance(value, list):
        for item in value:
            yield from _config_maps(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("configMapRef", "configMapKeyRef", "configMap") and isinstance(item, dict):
                yield str(item.get("name"))
            else:
                yield from _config_maps(item)
