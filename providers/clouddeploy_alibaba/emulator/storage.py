"""What an ACK cluster makes volumes with: no class is the default, and no disk is below 20 GiB.

https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/disk-volumes
https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/storage-class
"""

from __future__ import annotations

from clouddeploy.emulator.kubernetes.storage import Storage, StorageClass

_DRIVER = "diskplugin.csi.alibabacloud.com"
STORAGE = Storage(
    classes=(
        StorageClass("alicloud-disk-essd", _DRIVER, {"type": "cloud_essd"}, immediate=True),
        StorageClass(
            "alicloud-disk-topology-alltype", _DRIVER, {"type": "cloud_essd,cloud_ssd,cloud_efficiency"}
        ),
    ),
    drivers={_DRIVER: 20},
)
