"""What a GKE cluster makes volumes with.

https://docs.cloud.google.com/kubernetes-engine/docs/concepts/persistent-volumes#storageclasses
"""

from __future__ import annotations

from clouddeploy.emulator.kubernetes.storage import Storage, StorageClass

_DRIVER = "pd.csi.storage.gke.io"
STORAGE = Storage(
    classes=(
        StorageClass("standard-rwo", _DRIVER, {"type": "pd-balanced"}, default=True),
        StorageClass("premium-rwo", _DRIVER, {"type": "pd-ssd"}),
        StorageClass("standard", "kubernetes.io/gce-pd", {"type": "pd-standard"}, immediate=True),
    ),
    drivers={_DRIVER: 10, "kubernetes.io/gce-pd": 10},
)
