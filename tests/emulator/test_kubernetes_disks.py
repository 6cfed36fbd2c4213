"""Where a cloud keeps the disks of volumes each is in one zone, and a pod is where all of its disks are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.emulator.kubernetes import User, start_kubernetes
from clouddeploy.emulator.kubernetes.storage import Storage, StorageClass, Volume
from clouddeploy.emulator.machines import ZONE, Machine
from clouddeploy.kube.client import Kube, connect
from clouddeploy.kube.kinds import CLAIM, POD
from tests.emulator.test_kubernetes_nodes import running, until
from tests.kube.test_billed import put

CLASSES = (
    StorageClass("at-once", "disks.example", immediate=True),
    StorageClass("patient", "disks.example", {"level": "PL0"}),
)


class Account:
    """Disks by the name of their claim, with whether a pod has them."""

    def __init__(self) -> None:
        self.disks: dict[str, tuple[Volume, bool]] = {}
        self.full = False

    def keep(self, volume: Volume, *, attached: bool) -> bool:
        if not self.full:
            self.disks[volume.claim] = (volume, attached)
        return not self.full

    def drop(self, uid: str) -> None:
        self.disks = {name: one for name, one in self.disks.items() if one[0].uid != uid}

    def zones(self) -> set[str]:
        return {volume.zone for volume, _ in self.disks.values()}


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def kube(account: Account, tmp_path: Path) -> Iterator[Kube]:
    """Two nodes in two zones."""
    machines = tuple(Machine(f"node-{zone}", {ZONE: zone}) for zone in ("zone-a", "zone-b"))
    storage = Storage(CLASSES, {"disks.example": 1}, account)
    api = start_kubernetes(
        tmp_path, authenticate=User, real=False, storage=storage, machines=lambda _: machines
    )
    with connect(api.admin) as kube:
        yield kube
    api.close()


def claim(kube: Kube, name: str, storage_class: str) -> None:
    requests = {"requests": {"storage": "3500Mi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": storage_class, "resources": requests}
    put(kube, CLAIM, name, spec=spec)


def pod(kube: Kube, name: str, *claims: str) -> None:
    volumes = [{"name": each, "persistentVolumeClaim": {"claimName": each}} for each in claims]
    containers = [{"name": "main", "image": "nginx:1"}]
    put(kube, POD, name, spec={"containers": containers, "volumes": volumes})


def refusal(kube: Kube, name: str) -> str:
    found = kube.get(POD, name, "default")
    conditions: list[dict[str, Any]] = ((found or {}).get("status") or {}).get("conditions") or []
    return " ".join(str(each.get("message")) for each in conditions)


def test_a_class_that_waits_puts_all_of_a_pods_disks_where_the_pod_is(kube: Kube, account: Account) -> None:
    for name in ("data", "wal"):
        claim(kube, name, "patient")
    pod(kube, "db", "data", "wal")
    until(lambda: "db" in running(kube))
    assert {f"node-{zone}" for zone in account.zones()} == {running(kube)["db"]}
    volume, attached = account.disks["data"]
    assert attached
    assert (volume.gib, volume.parameters) == (4, {"level": "PL0"})


def test_one_that_does_not_wait_can_put_them_into_two_zones(kube: Kube, account: Account) -> None:
    """ACK's documentation warns of it: a cluster in several zones wants WaitForFirstConsumer."""
    for name in ("data", "wal"):
        claim(kube, name, "at-once")
    until(lambda: account.zones() == {"zone-a", "zone-b"})
    pod(kube, "db", "data", "wal")
    until(lambda: "2 node(s) had volume node affinity conflict" in refusal(kube, "db"))
    pod(kube, "other", "data")
    until(lambda: running(kube) == {"other": f"node-{account.disks['data'][0].zone}"})


def test_a_disk_stays_without_its_pod_and_goes_with_its_claim(kube: Kube, account: Account) -> None:
    claim(kube, "data", "patient")
    pod(kube, "db", "data")
    until(lambda: "db" in running(kube))
    kube.delete(POD, "db", "default")
    until(lambda: not account.disks["data"][1])
    kube.delete(CLAIM, "data", "default")
    until(lambda: account.disks == {})


def test_a_disk_grows_with_its_claim(kube: Kube, account: Account) -> None:
    claim(kube, "data", "patient")
    pod(kube, "db", "data")
    until(lambda: "db" in running(kube))
    found = kube.get(CLAIM, "data", "default")
    assert found
    found["spec"]["resources"]["requests"]["storage"] = "9Gi"
    kube._http.put("/api/v1/namespaces/default/persistentvolumeclaims/data", json=found)
    until(lambda: account.disks["data"][0].gib == 9)


def test_a_claim_waits_while_the_cloud_refuses_its_disk(kube: Kube, account: Account) -> None:
    account.full = True
    claim(kube, "data", "patient")
    pod(kube, "db", "data")
    until(lambda: "unbound immediate PersistentVolumeClaims" in refusal(kube, "db"))
    account.full = False
    until(lambda: "db" in running(kube))
