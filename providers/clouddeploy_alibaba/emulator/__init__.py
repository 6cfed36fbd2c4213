"""An emulated Alibaba Cloud account on loopback: ACR, ACK, VPC, ECS, SLB and STS, with no account needed.

Needs the extra `clouddeploy[rehearse]`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from clouddeploy.emulator import EmulatorSettings

if TYPE_CHECKING:
    from clouddeploy.emulator.attached import Attached
    from clouddeploy.emulator.machines import Machines
    from clouddeploy_alibaba.emulator.cloud import AlibabaCloud
    from clouddeploy_alibaba.emulator.records import KubernetesApi, PullProblem


def start(settings: EmulatorSettings) -> AlibabaCloud:
    """Start an account with one registry instance; its clusters are real Kubernetes APIs."""
    from clouddeploy_alibaba.emulator.cloud import AlibabaCloud

    return AlibabaCloud(settings, start_kubernetes)


def start_kubernetes(
    directory: Path, pull_problem: PullProblem, machines: Machines, attached: Attached
) -> KubernetesApi:
    """A Kubernetes API for one cluster; its nodes pull only images that are there. It knows no tokens."""
    from clouddeploy.emulator.kubernetes import start_kubernetes
    from clouddeploy_alibaba.emulator.storage import STORAGE

    storage = replace(STORAGE, disks=attached)
    api = start_kubernetes(
        directory, authenticate=lambda _: None, storage=storage, machines=machines, balancers=attached
    )
    api.set_image_check(pull_problem)
    return api
