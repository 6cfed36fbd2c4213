"""What a DOKS cluster makes volumes with.

https://docs.digitalocean.com/products/kubernetes/how-to/add-volumes/
"""

from __future__ import annotations

from clouddeploy.emulator.kubernetes.storage import Storage, StorageClass

_DRIVER = "dobs.csi.digitalocean.com"
STORAGE = Storage(
    classes=(
        StorageClass("do-block-storage", _DRIVER, default=True, immediate=True),
        StorageClass("do-block-storage-retain", _DRIVER, immediate=True, retains=True),
    ),
    drivers={_DRIVER: 1},
)
