"""An emulated Alibaba Cloud account on loopback: ACR, ACK, VPC, ECS, SLB and STS, with no account needed.

Needs the extra `clouddeploy[rehearse]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clouddeploy.emulator import EmulatorSettings

if TYPE_CHECKING:
    from clouddeploy_alibaba.emulator.cloud import AlibabaCloud


def start(settings: EmulatorSettings) -> AlibabaCloud:
    """Start an account with one registry instance; its clusters are real Kubernetes APIs."""
    from clouddeploy.emulator.clusters import with_storage
    from clouddeploy_alibaba.emulator.cloud import AlibabaCloud
    from clouddeploy_alibaba.emulator.storage import STORAGE

    return AlibabaCloud(settings, with_storage(STORAGE))
