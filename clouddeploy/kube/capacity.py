"""What the nodes of a cluster really leave to pods, and what its DaemonSets take of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clouddeploy.errors import CloudDeployError
from clouddeploy.kube.client import Kube, Object
from clouddeploy.kube.kinds import NODE, POD

_TYPE = "node.kubernetes.io/instance-type"
_SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
}  # fmt: skip


@dataclass(frozen=True)
class Amount:
    """CPU in millicores, memory in MiB, and a number of pods."""

    cpu: int
    memory: int
    pods: int


@dataclass(frozen=True)
class Capacity:
    """By machine type what the smallest node of it can allocate; what DaemonSets take of the fullest node."""

    nodes: int
    machines: Mapping[str, Amount]
    daemons: Amount


def capacity(kube: Kube) -> Capacity:
    """Read from `node.status.allocatable` and the requests of the pods that DaemonSets own."""
    nodes = kube.list(NODE, "")
    machines: dict[str, Amount] = {}
    for node in nodes:
        name = (node["metadata"].get("labels") or {}).get(_TYPE)
        found = _allocatable(node)
        if name and found:
            machines[name] = _least(machines.get(name, found), found)
    return Capacity(len(nodes), machines, _daemons(kube))


def quantity(text: str) -> Decimal:
    """A Kubernetes quantity such as 1930m or 3323904Ki; CloudDeployError when it is none.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    number, factor = text, Decimal(1)
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if text.endswith(suffix):
            number, factor = text.removesuffix(suffix), _SUFFIXES[suffix]
            break
    try:
        return Decimal(number) * factor
    except ArithmeticError as error:
        raise CloudDeployError(f"the cluster says {text}, which is no quantity", fix="report it") from error


def _allocatable(node: Object) -> Amount | None:
    told = (node.get("status") or {}).get("allocatable")
    return _amount(told, int(quantity(str(told["pods"])))) if told and "pods" in told else None


def _amount(told: Mapping[str, Any], pods: int) -> Amount:
    cpu, memory = (quantity(str(told.get(what, "0"))) for what in ("cpu", "memory"))
    return Amount(int(cpu * 1000), int(memory / 2**20), pods)


def _least(one: Amount, other: Amount) -> Amount:
    return Amount(min(one.cpu, other.cpu), min(one.memory, other.memory), min(one.pods, other.pods))


def _daemons(kube: Kube) -> Amount:
    by_node: dict[str, list[Amount]] = defaultdict(list)
    for pod in kube.list(POD, "*"):
        owners = pod["metadata"].get("ownerReferences") or ()
        if any(owner.get("kind") == "DaemonSet" for owner in owners):
            by_node[pod["spec"].get("nodeName", "")].append(_requests(pod))
    sums = [Amount(sum(a.cpu for a in one), sum(a.memory for a in one), len(one)) for one in by_node.values()]
    return Amount(
        *(max((getattr(one, what) for one in sums), default=0) for what in ("cpu", "memory", "pods"))
    )


def _requests(pod: Object) -> Amount:
    asked = [
        (each.get("resources") or {}).get("requests") or {} for each in pod["spec"].get("containers", ())
    ]
    amounts = [_amount(one, 1) for one in asked]
    return Amount(sum(one.cpu for one in amounts), sum(one.memory for one in amounts), 1)
