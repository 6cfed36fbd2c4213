"""An ACK cluster's volumes as ECS disks, made and tagged as the CSI driver does it.

Source: pkg/disk/utils.go (parseTags, validateDiskType, validateDiskPerformanceLevel), pkg/disk/category.go
(sizes) and pkg/disk/cloud.go (getDefaultDiskTags) of kubernetes-sigs/alibaba-cloud-csi-driver.
"""

from __future__ import annotations

from collections.abc import Mapping

from clouddeploy.emulator.kubernetes.storage import Volume
from clouddeploy_alibaba.emulator.world import Resource, World

_LEAST = {"PL0": 1, "PL1": 20, "PL2": 461, "PL3": 1261}
"""GiB by the performance level of an ESSD."""
_DEFAULT_LEVEL = "PL1"
_CATEGORIES = {"cloud", "cloud_efficiency", "cloud_ssd", "cloud_essd", "cloud_auto", "cloud_essd_entry"}
_DEFAULT_TYPE = "cloud_ssd,cloud_efficiency"
_TAG_PREFIX = "diskTags/"


class ClusterDisks:
    """The disks of one cluster's volumes; they outlive it."""

    def __init__(self, world: World, cluster_id: str) -> None:
        self._world = world
        self._cluster = cluster_id
        self._ids: dict[str, str] = {}

    def keep(self, volume: Volume, *, attached: bool) -> str | None:
        """None for parameters that the driver refuses: the claim then stays pending."""
        with self._world.lock:
            if volume.uid in self._ids:
                disk = self._world.resources.get(self._ids[volume.uid])
            else:
                disk = self._make(volume)
            if disk is None:
                return None
            disk.size, disk.attached = volume.gib, attached
            return disk.id

    def drop(self, uid: str) -> None:
        with self._world.lock:
            self._world.resources.pop(self._ids.pop(uid, ""), None)

    def _make(self, volume: Volume) -> Resource | None:
        kind, tags = _kind(volume), disk_tags(volume, self._cluster)
        if kind is None or tags is None:
            return None
        disk = Resource("disk", self._world.new_id("d-"), name=f"d-{volume.uid}", zone=volume.zone, tags=tags)
        disk.cluster_id = self._cluster
        disk.category, disk.level = kind
        self._ids[volume.uid] = disk.id
        return self._world.add(disk)


def disk_tags(volume: Volume, cluster_id: str) -> dict[str, str] | None:
    """The driver's own tags and those of the class; None for a tag that has no value."""
    name = f"d-{volume.uid}"
    found = {
        "k8s.aliyun.com": "true",
        "createdby": "alibabacloud-csi-plugin",
        "ack.aliyun.com": cluster_id,
        "csi.alibabacloud.com/volume-name": name,
    }
    for tag in filter(None, volume.parameters.get("diskTags", "").split(",")):
        key, colon, value = tag.partition(":")
        if not colon:
            return None
        found[key] = value
    found |= _prefixed(volume.parameters)
    return found | {
        "kubernetes.io/created-for/pv/name": name,
        "kubernetes.io/created-for/pvc/name": volume.claim,
        "kubernetes.io/created-for/pvc/namespace": volume.namespace,
    }


def _prefixed(parameters: Mapping[str, str]) -> dict[str, str]:
    """Tags that are a parameter each, as newer drivers take them."""
    return {
        key.removeprefix(_TAG_PREFIX): value
        for key, value in parameters.items()
        if key.startswith(_TAG_PREFIX)
    }


def _kind(volume: Volume) -> tuple[str, str] | None:
    """Category and performance level of the first kind in the class that has such disks; None for none."""
    categories = volume.parameters.get("type", _DEFAULT_TYPE).split(",")
    levels = [one for one in volume.parameters.get("performanceLevel", "").split(",") if one]
    if not _CATEGORIES.issuperset(categories) or not _LEAST.keys() >= set(levels):
        return None
    if "cloud_essd" not in categories[:1]:
        return categories[0], ""
    fitting = [one for one in levels or [_DEFAULT_LEVEL] if volume.gib >= _LEAST[one]]
    return ("cloud_essd", fitting[0]) if fitting else None
