"""The storage classes of an emulated cluster, and who makes their volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from clouddeploy.emulator.kubernetes.claims import DEFAULT

Json = dict[str, Any]
_PLAYED = "emulator.clouddeploy.dev/disk"


@dataclass(frozen=True)
class StorageClass:
    """A class of volumes; without `immediate` a volume is made once a pod wants it."""

    name: str
    provisioner: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    default: bool = False
    immediate: bool = False
    expands: bool = True

    def manifest(self) -> Json:
        """The object in the cluster."""
        metadata: Json = {"name": self.name}
        if self.default:
            metadata["annotations"] = {DEFAULT: "true"}
        return {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": metadata,
            "provisioner": self.provisioner,
            "parameters": dict(self.parameters),
            "volumeBindingMode": "Immediate" if self.immediate else "WaitForFirstConsumer",
            "allowVolumeExpansion": self.expands,
        }


@dataclass(frozen=True)
class Volume:
    """What a driver is told of a claim: its uid and name, GiB, the class's parameters, the disk's zone."""

    uid: str
    namespace: str
    claim: str
    gib: int
    zone: str
    parameters: Mapping[str, str]


class Disks(Protocol):
    """The disks that a cluster's volumes are, in the account where they are billed."""

    def keep(self, volume: Volume, *, attached: bool) -> bool:
        """Make the disk, or bring it up to date; False when the driver or the cloud refuses it."""
        ...

    def drop(self, uid: str) -> None:
        """Delete the disk."""
        ...


@dataclass(frozen=True)
class Storage:
    """What a fresh cluster has: `drivers` are the provisioners that work, each with its least GiB.

    With `disks` every volume is a disk in one zone, and a pod can only be where all of its volumes are.
    """

    classes: tuple[StorageClass, ...] = (StorageClass("standard", _PLAYED, default=True, immediate=True),)
    drivers: Mapping[str, int] = field(default_factory=lambda: {_PLAYED: 1})
    disks: Disks | None = None
