"""Nodes of an emulated cluster come and go with the cloud's machines, and carry its labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from clouddeploy.emulator.kubernetes import User, start_kubernetes
from clouddeploy.emulator.machines import INSTANCE_TYPE, Machine
from clouddeploy.kube.capacity import Amount, capacity
from clouddeploy.kube.client import Kube, Object, connect
from clouddeploy.kube.kinds import NODE, POD
from tests.kube.clocks import Fast
from tests.kube.test_billed import put


class Cloud:
    """Machines that a test makes and takes away."""

    def __init__(self) -> None:
        self.machines: list[Machine] = [small("a"), small("b")]
        self.auto = False

    def __call__(self, wanted: bool) -> Sequence[Machine]:
        return self.machines if wanted or not self.auto else ()


def small(name: str) -> Machine:
    labels = {INSTANCE_TYPE: "small", "topology.kubernetes.io/region": "here"}
    return Machine(name, labels, cpus=2, memory_gib=4, arch="arm64")


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def kube(cloud: Cloud, tmp_path: Path) -> Iterator[Kube]:
    running = start_kubernetes(tmp_path, authenticate=User, real=False, machines=cloud)
    with connect(running.admin) as kube:
        yield kube
    running.close()


def nodes(kube: Kube) -> list[str]:
    return sorted(each["metadata"]["name"] for each in kube.list(NODE, ""))


def pod(kube: Kube, name: str) -> None:
    put(kube, POD, name, spec={"containers": [{"name": "main", "image": "nginx:1"}]})


def running(kube: Kube) -> dict[str, str]:
    """The node of each pod that runs."""
    found: list[Object] = kube.list(POD, "default")
    return {
        each["metadata"]["name"]: each["spec"]["nodeName"]
        for each in found
        if (each.get("status") or {}).get("phase") == "Running"
    }


def until(true: object) -> None:
    assert callable(true)
    clock = Fast()
    while not true():
        clock.sleep(1)


def test_they_have_the_clouds_labels_and_the_kubelets(kube: Kube) -> None:
    node = kube.get(NODE, "a")
    assert node
    assert node["metadata"]["labels"] == {
        "kubernetes.io/hostname": "a",
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "arm64",
        "node.kubernetes.io/instance-type": "small",
        "topology.kubernetes.io/region": "here",
    }


def test_the_system_takes_its_part_of_a_machine(kube: Kube) -> None:
    assert capacity(kube).machines == {"small": Amount(1930, 2972, 110)}


@pytest.mark.parametrize(
    ("cpus", "gib", "cpu", "mebibytes"),
    [(1, 2, "940m", 1436), (4, 16, "3920m", 13621), (8, 32, "7910m", 29022), (96, 384, "95690m", 378329)],
)
def test_larger_machines_leave_a_larger_part(cpus: int, gib: int, cpu: str, mebibytes: int) -> None:
    found = Machine("x", cpus=cpus, memory_gib=Decimal(gib)).allocatable
    assert (found["cpu"], int(found["memory"].removesuffix("Ki")) // 1024) == (cpu, mebibytes)


def test_pods_are_spread_over_them(kube: Kube) -> None:
    for name in ("one", "two"):
        pod(kube, name)
        until(lambda name=name: name in running(kube))
    assert set(running(kube).values()) == {"a", "b"}


def test_a_machine_that_goes_takes_its_pods_along_and_one_that_comes_is_used(
    kube: Kube, cloud: Cloud
) -> None:
    pod(kube, "one")
    until(lambda: running(kube))
    gone = running(kube)["one"]
    cloud.machines = [small("c")]
    until(lambda: nodes(kube) == ["c"])
    until(lambda: not running(kube))
    pod(kube, "two")
    until(lambda: running(kube) == {"two": "c"})
    assert gone not in nodes(kube)


def test_a_node_that_somebody_else_made_stays_and_gets_no_pod(kube: Kube) -> None:
    put(kube, NODE, "theirs", metadata={"labels": {INSTANCE_TYPE: "large"}}, spec={})
    pod(kube, "one")
    until(lambda: running(kube))
    assert "theirs" in nodes(kube)
    assert "theirs" not in running(kube).values()


def test_nodes_that_are_made_for_pods_come_with_the_first(kube: Kube, cloud: Cloud) -> None:
    cloud.auto = True
    until(lambda: nodes(kube) == [])
    pod(kube, "one")
    until(lambda: "one" in running(kube))
