"""What nodes leave to pods is read from a cluster: allocatable by machine type, and what DaemonSets take."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from clouddeploy.emulator.kubernetes import User, start_kubernetes
from clouddeploy.errors import CloudDeployError
from clouddeploy.kube.capacity import Amount, capacity, quantity
from clouddeploy.kube.client import Kube, connect
from clouddeploy.kube.kinds import DAEMON_SET, NODE
from tests.kube.test_billed import put


@pytest.fixture
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """A cluster of its own: everything in it counts."""
    running = start_kubernetes(tmp_path_factory.mktemp("capacity"), authenticate=User, real=False)
    with connect(running.admin) as kube:
        yield kube
    running.close()


def node(kube: Kube, name: str, machine: str, **allocatable: str) -> None:
    put(kube, NODE, name, metadata={"labels": {"node.kubernetes.io/instance-type": machine}}, spec={})
    headers = {"Content-Type": "application/merge-patch+json"}
    status = {"allocatable": allocatable, "capacity": allocatable}
    kube._http.patch(f"/api/v1/nodes/{name}/status", json={"status": status}, headers=headers)


def daemon_set(kube: Kube, name: str, **requests: str) -> None:
    labels = {"app": name}
    container: dict[str, Any] = {"name": "agent", "image": "agent:1", "resources": {"requests": requests}}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [container, {"name": "side", "image": "s:1"}]},
    }
    put(kube, DAEMON_SET, name, spec={"selector": {"matchLabels": labels}, "template": template})


def daemon_pod(kube: Kube, name: str, owner: str, on: str) -> None:
    """A pod as the DaemonSet controller makes it."""
    found = kube.get(DAEMON_SET, owner, "default")
    assert found
    reference = {
        "apiVersion": "apps/v1", "kind": "DaemonSet", "name": owner, "uid": found["metadata"]["uid"],
        "controller": True,
    }  # fmt: skip
    spec = {**found["spec"]["template"]["spec"], "nodeName": on}
    body = {
        "apiVersion": "v1", "kind": "Pod", "spec": spec,
        "metadata": {"name": name, "ownerReferences": [reference]},
    }  # fmt: skip
    kube._http.post("/api/v1/namespaces/default/pods", json=body)


def test_the_smallest_node_of_a_type_counts(kube: Kube) -> None:
    node(kube, "a", "t3.medium", cpu="1930m", memory="3323904Ki", pods="17")
    node(kube, "b", "t3.medium", cpu="1930m", memory="3Gi", pods="17")
    node(kube, "c", "c7i.large", cpu="1.93", memory="3300000000", pods="29")
    found = capacity(kube)
    assert found.machines == {"t3.medium": Amount(1930, 3072, 17), "c7i.large": Amount(1930, 3147, 29)}
    assert found.nodes >= 3


def test_a_node_without_a_type_is_counted_but_says_nothing(kube: Kube) -> None:
    put(kube, NODE, "bare", spec={})
    found = capacity(kube)
    assert found.nodes >= 1
    assert found.machines == {}


def test_daemon_sets_take_what_they_request_on_the_fullest_node(kube: Kube) -> None:
    for name in ("a", "b"):
        node(kube, name, "t3.medium", cpu="1930m", memory="3Gi", pods="17")
    daemon_set(kube, "proxy", cpu="100m", memory="64Mi")
    daemon_set(kube, "logs", cpu="0.05", memory="128Mi")
    daemon_pod(kube, "proxy-a", "proxy", "a")
    daemon_pod(kube, "logs-a", "logs", "a")
    daemon_pod(kube, "proxy-b", "proxy", "b")
    assert capacity(kube).daemons == Amount(150, 192, 2)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1930m", "1.930"),
        ("4", "4"),
        ("1Ki", "1024"),
        ("2k", "2000"),
        ("1.5Gi", "1610612736"),
        ("100n", "1E-7"),
    ],
)
def test_quantities_as_kubernetes_writes_them(text: str, value: str) -> None:
    assert quantity(text) == Decimal(value)


def test_what_is_no_quantity_is_said() -> None:
    with pytest.raises(CloudDeployError, match="which is no quantity"):
        quantity("lots")
