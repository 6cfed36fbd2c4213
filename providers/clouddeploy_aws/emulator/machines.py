"""The nodes of an EKS Auto Mode cluster, made when a pod wants one.

https://docs.aws.amazon.com/eks/latest/userguide/create-node-pool.html lists the labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from clouddeploy.emulator.machines import INSTANCE_TYPE, REGION, ZONE, Machine, Machines

TYPE = "c7i.large"


def auto_mode(cluster: str, region: str) -> Machines:
    """One node for all pods of the general-purpose pool, none without a pod."""
    labels = {
        INSTANCE_TYPE: TYPE,
        REGION: region,
        ZONE: f"{region}a",
        "eks.amazonaws.com/compute-type": "auto",
        "karpenter.sh/nodepool": "general-purpose",
        "karpenter.sh/capacity-type": "on-demand",
    }
    name = f"i-0{hashlib.sha256(cluster.encode()).hexdigest()[:16]}"
    node = Machine(name, labels, cpus=2, memory_gib=4, pods=29)

    def found(wanted: bool) -> Sequence[Machine]:
        return (node,) if wanted else ()

    return found
