"""What an EKS Auto Mode cluster makes volumes with.

EKS makes the class gp2, whose driver Auto Mode does not run; a class of Auto Mode's own driver is for
the user to make: https://docs.aws.amazon.com/eks/latest/userguide/create-storage-class.html
"""

from __future__ import annotations

from clouddeploy.emulator.kubernetes.storage import Storage, StorageClass

STORAGE = Storage(
    classes=(StorageClass("gp2", "kubernetes.io/aws-ebs", {"type": "gp2", "fsType": "ext4"}, expands=False),),
    drivers={"ebs.csi.eks.amazonaws.com": 1},
)
