"""What a node leaves to pods: capacity less what kubelet, the system and eviction keep.

Sources of the formulas are beside each; a live cluster's `node.status.allocatable` is the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from clouddeploy.prices.catalog import Machine

_EVICTION_MIB = 100
_DEFAULT_PODS = 110
_E2_SHARED = {"e2-micro", "e2-small", "e2-medium"}
_DOKS_MEMORY_GIB = {
    2: Decimal(1),
    4: Decimal("2.5"),
    8: Decimal(6),
    16: Decimal(13),
    32: Decimal(28),
    64: Decimal(58),
}
_EKS_ARM_MIB = 59


@dataclass(frozen=True)
class Room:
    """What fits: CPU in millicores, memory in MiB, number of pods."""

    cpu: int
    memory: int
    pods: int

    def less(self, cpu: int, memory: int, pods: int) -> Room:
        """What is left when this much is taken; never below zero."""
        return Room(max(0, self.cpu - cpu), max(0, self.memory - memory), max(0, self.pods - pods))


def eks(machine: Machine) -> Room:
    """awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go; 7.5 % VM overhead as Karpenter plans.

    Memory is kept for all pods that the addresses allow, of which a managed node group then takes 110,
    or 250 from 30 vCPUs on: docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
    """
    pods = machine.max_pods or _DEFAULT_PODS
    overhead = _EKS_ARM_MIB if machine.arch == "arm64" else 0
    usable = machine.memory_gib * 1024 * Decimal("0.925") - (11 * pods + 255) - _EVICTION_MIB - overhead
    return Room(_tiered_cpu(machine.cpus), max(0, int(usable)), min(pods, 110 if machine.cpus < 30 else 250))


def gke(machine: Machine) -> Room:
    """cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes"""
    cpu = 940 if machine.name in _E2_SHARED else _tiered_cpu(machine.cpus)
    memory = machine.memory_gib * 1024 - _tiered_memory(machine.memory_gib) - _EVICTION_MIB
    return Room(cpu, int(memory), _DEFAULT_PODS)


def doks(machine: Machine) -> Room:
    """docs.digitalocean.com/products/kubernetes/details/limits/#allocatable-memory

    The CPU reserve is not published: 100m is an assumption. Between the table's sizes and beyond
    it, the next smaller size's share counts.
    """
    sizes = [size for size in _DOKS_MEMORY_GIB if size <= machine.memory_gib]
    share = _DOKS_MEMORY_GIB[max(sizes)] / max(sizes) if sizes else Decimal(0)
    return Room(machine.cpus * 1000 - 100, int(machine.memory_gib * share * 1024), _DEFAULT_PODS)


def ack(machine: Machine) -> Room:
    """alibabacloud.com ack resource-reservation-policy: the smaller result of its text and its example."""
    memory = machine.memory_gib * 1024
    coded = min(Decimal(11 * _DEFAULT_PODS + 255), memory / 4) + 200
    printed = _tiered_memory(machine.memory_gib) + 300
    return Room(_tiered_cpu(machine.cpus), int(memory - max(coded, printed)), _DEFAULT_PODS)


def _tiered_cpu(cpus: int) -> int:
    """Millicores left of whole CPUs: 6 % of the first is kept, 1 %, twice 0.5 %, then 0.25 %."""
    kept = Decimal(60) + 10 * min(max(cpus - 1, 0), 1) + 5 * min(max(cpus - 2, 0), 2)
    kept += Decimal("2.5") * max(cpus - 4, 0)
    return int(cpus * 1000 - kept)


def _tiered_memory(gib: Decimal) -> Decimal:
    """MiB that are kept: 25 % of the first 4 GiB, 20 % of 4, 10 % of 8, 6 % of 112, then 2 %."""
    if gib <= 1:
        return Decimal(255)
    kept, left = Decimal(0), gib
    for size, share in ((4, "0.25"), (4, "0.20"), (8, "0.10"), (112, "0.06")):
        kept += min(left, Decimal(size)) * Decimal(share)
        left = max(left - size, Decimal(0))
    return (kept + left * Decimal("0.02")) * 1024
