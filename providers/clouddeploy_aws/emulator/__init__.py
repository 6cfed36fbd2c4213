"""An emulated AWS account on loopback: ECR, EKS, EC2, IAM and STS, with no AWS account needed.

EKS and ECR are ours, driven by botocore's own models; EC2, IAM and STS are moto's. Needs the
extra `clouddeploy[rehearse]`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from clouddeploy.emulator import EmulatorSettings

if TYPE_CHECKING:
    from clouddeploy.emulator.attached import Attached
    from clouddeploy.emulator.machines import Machines
    from clouddeploy_aws.emulator.cloud import Authenticate, AwsCloud
    from clouddeploy_aws.emulator.eks.records import KubernetesApi


def start(settings: EmulatorSettings) -> AwsCloud:
    """Start an account; its clusters are real Kubernetes APIs."""
    from clouddeploy_aws.emulator.cloud import AwsCloud

    return AwsCloud(settings, start_kubernetes)


def start_kubernetes(
    directory: Path,
    authenticate: Authenticate,
    pull_problem: Callable[[str], str | None],
    machines: Machines,
    attached: Attached,
) -> KubernetesApi:
    """A Kubernetes API for one cluster; its nodes pull only images that are there."""
    from clouddeploy.emulator.kubernetes import User, start_kubernetes
    from clouddeploy_aws.emulator.storage import STORAGE

    def user(token: str) -> User | None:
        found = authenticate(token)
        return User(*found) if found else None

    storage = replace(STORAGE, disks=attached)
    api = start_kubernetes(
        directory, authenticate=user, storage=storage, machines=machines, balancers=attached
    )
    api.set_image_check(pull_problem)
    return api
