"""An emulated AWS account on loopback: ECR, EKS, EC2, IAM and STS, with no AWS account needed.

EKS and ECR are ours, driven by botocore's own models; EC2, IAM and STS are moto's. Needs the
extra `clouddeploy[rehearse]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clouddeploy.emulator import EmulatorSettings

if TYPE_CHECKING:
    from clouddeploy_aws.emulator.cloud import AwsCloud


def start(settings: EmulatorSettings) -> AwsCloud:
    """Start an account; its clusters are real Kubernetes APIs."""
    from clouddeploy.emulator.clusters import with_storage
    from clouddeploy_aws.emulator.cloud import AwsCloud
    from clouddeploy_aws.emulator.storage import STORAGE

    return AwsCloud(settings, with_storage(STORAGE))
