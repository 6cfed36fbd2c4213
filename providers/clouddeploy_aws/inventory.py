"""What an AWS account may have: the instance types of the region with their limits, the quotas."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from clouddeploy.contract import MachineType, Quota
from clouddeploy_aws.errors import translated
from clouddeploy_aws.quotas import limit, rooms
from clouddeploy_aws.session import Session

_VCPUS = ("ec2", "L-1216C47A")
"""Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances, in vCPUs."""


class AwsInventory:
    """Reads EC2's instance types and Service Quotas."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def machines(self) -> Sequence[MachineType]:
        """The types without GPUs that the region has on demand."""
        with translated(f"list the instance types of {self._session.region}"):
            pages = self._session.ec2.get_paginator("describe_instance_types").paginate(
                Filters=[{"Name": "supported-usage-class", "Values": ["on-demand"]}]
            )
            return [
                _machine(one) for page in pages for one in page["InstanceTypes"] if not one.get("GpuInfo")
            ]

    def quotas(self) -> Sequence[Quota]:
        """VPCs and EKS clusters, and the vCPUs of nodes, of which EC2 does not tell what is used."""
        found = [Quota(room.what, room.limit, room.used) for room in rooms(self._session)]
        return [*found, Quota("on-demand vCPUs", limit(self._session, *_VCPUS), None, "cpus")]


def _machine(found: Any) -> MachineType:
    """A pod has an address of an interface, and two run in the host's network.

    awslabs/amazon-eks-ami, nodeadm/internal/kubelet/eni_max_pods.go
    """
    network = found.get("NetworkInfo", {})
    interfaces, addresses = network.get("MaximumNetworkInterfaces"), network.get("Ipv4AddressesPerInterface")
    arm = "arm64" in found.get("ProcessorInfo", {}).get("SupportedArchitectures", ())
    return MachineType(
        found["InstanceType"],
        found["VCpuInfo"]["DefaultVCpus"],
        Decimal(found["MemoryInfo"]["SizeInMiB"]) / 1024,
        "arm64" if arm else "amd64",
        interfaces * (addresses - 1) + 2 if interfaces and addresses else None,
    )
