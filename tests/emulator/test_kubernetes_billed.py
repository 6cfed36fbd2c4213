"""What a cluster's Services, Ingresses and claims make in its cloud, and how it goes again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.emulator.balancers import Entrance
from clouddeploy.emulator.kubernetes import KubernetesApi, start_kubernetes
from clouddeploy.emulator.kubernetes.storage import Storage, StorageClass, Volume
from clouddeploy.emulator.kubernetes.users import User
from clouddeploy.errors import MissingToolError
from tests.emulator.kube_rig import Rig
from tests.live import found

Json = dict[str, Any]
ADMIN = {"master-token": User("master", ("system:masters",))}
DRIVER = "disk.csi.example.com"
CLASSES = (
    StorageClass("quick", DRIVER, {"type": "ssd"}, immediate=True),
    StorageClass("kept", DRIVER, immediate=True, retains=True),
)


@dataclass
class Books:
    """A cloud that writes down what it has."""

    balancers: dict[str, Entrance] = field(default_factory=dict)
    disks: dict[str, Volume] = field(default_factory=dict)

    def provide(self, entrance: Entrance) -> Mapping[str, str] | None:
        if entrance.kind == "Ingress":
            return None
        self.balancers[entrance.uid] = entrance
        return {"ip": "203.0.113.7"}

    def withdraw(self, uid: str) -> None:
        self.balancers.pop(uid, None)

    def keep(self, volume: Volume, *, attached: bool) -> str | None:
        self.disks[volume.uid] = volume
        return f"disk-{volume.uid}"

    def drop(self, uid: str) -> None:
        self.disks.pop(uid, None)


class Shop:
    """A cluster in such a cloud."""

    def __init__(self, rig: Rig, books: Books) -> None:
        self.rig = rig
        self.books = books

    def service(self, kind: str = "LoadBalancer") -> Json:
        spec = {"type": kind, "ports": [{"port": 80}], "selector": {"app": "web"}}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

    def claim(self, storage_class: str, size: str = "5Gi") -> Json:
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": size}},
        }
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"},
            "spec": spec,
        }

    def address(self) -> Any:
        return (self.rig.get("v1/services", "web")["status"].get("loadBalancer") or {}).get("ingress")

    def bound(self) -> Json | None:
        found = self.rig.get("v1/persistentvolumeclaims", "data").body
        return dict(found) if found["status"].get("phase") == "Bound" else None

    def volumes(self) -> list[Json]:
        return list(self.rig.call("GET", "/api/v1/persistentvolumes")["items"])


@pytest.fixture(scope="module", params=["built-in", "real"])
def clouded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[KubernetesApi, Books]]:
    books = Books()
    real = request.param == "real"
    try:
        running = start_kubernetes(
            tmp_path_factory.mktemp("attached"),
            authenticate=ADMIN.get,
            real=real,
            storage=Storage(CLASSES, {DRIVER: 1}, books),
            balancers=books,
        )
    except MissingToolError as error:
        found.missing("kube-apiserver", error.message)
        raise
    yield running, books
    running.close()


@pytest.fixture
def shop(clouded: tuple[KubernetesApi, Books], tmp_path: Path) -> Iterator[Shop]:
    cluster, books = clouded
    with Rig(cluster, tmp_path) as rig:
        rig.move()
        yield Shop(rig, books)


def test_a_service_gets_a_load_balancer_and_gives_it_back(shop: Shop) -> None:
    shop.rig.create("v1/services", shop.service())
    assert shop.rig.until(shop.address) == [{"ip": "203.0.113.7", "ipMode": "VIP"}]
    (made,) = shop.books.balancers.values()
    assert (made.kind, made.namespace, made.name) == ("Service", shop.rig.namespace, "web")
    shop.rig.delete("v1/services", "web")
    shop.rig.wait_gone("v1/services", "web")
    assert not shop.books.balancers


def test_a_service_that_is_exposed_no_more_gives_it_back(shop: Shop) -> None:
    shop.rig.create("v1/services", shop.service())
    shop.rig.until(shop.address)
    shop.rig.patch("v1/services", "web", {"spec": {"type": "ClusterIP"}})
    shop.rig.until(lambda: not shop.rig.get("v1/services", "web")["metadata"].get("finalizers"))
    assert not shop.books.balancers
    assert not shop.address()


def test_an_ingress_that_no_controller_serves_gets_no_address(shop: Shop) -> None:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    spec = {"defaultBackend": backend}
    shop.rig.create("networking.k8s.io/v1/ingresses", {"metadata": {"name": "web"}, "spec": spec})
    shop.rig.create("v1/services", shop.service())
    shop.rig.until(shop.address)
    found = shop.rig.get("networking.k8s.io/v1/ingresses", "web")
    assert not found["status"].get("loadBalancer")
    shop.rig.delete("networking.k8s.io/v1/ingresses", "web")
    shop.rig.wait_gone("networking.k8s.io/v1/ingresses", "web")


def test_a_claim_gets_a_disk_that_grows_and_goes_with_it(shop: Shop) -> None:
    shop.rig.create("v1/persistentvolumeclaims", shop.claim("quick"))
    claim = shop.rig.until(shop.bound)
    (disk,) = shop.books.disks.values()
    assert (disk.gib, disk.parameters) == (5, {"type": "ssd"})
    (volume,) = shop.volumes()
    assert volume["metadata"]["name"] == claim["spec"]["volumeName"] == f"pvc-{disk.uid}"
    assert volume["spec"]["csi"] == {"driver": DRIVER, "volumeHandle": f"disk-{disk.uid}"}

    shop.rig.patch("v1/persistentvolumeclaims", "data", {"spec": shop.claim("quick", "8Gi")["spec"]})
    shop.rig.until(lambda: shop.books.disks[disk.uid].gib == 8)
    shop.rig.until(lambda: shop.volumes()[0]["spec"]["capacity"] == {"storage": "8Gi"})

    shop.rig.delete("v1/persistentvolumeclaims", "data")
    shop.rig.until(lambda: not shop.volumes())
    assert not shop.books.disks


def test_a_disk_of_a_class_that_retains_stays(shop: Shop) -> None:
    shop.rig.create("v1/persistentvolumeclaims", shop.claim("kept"))
    shop.rig.until(shop.bound)
    shop.rig.delete("v1/persistentvolumeclaims", "data")
    shop.rig.until(lambda: shop.volumes()[0]["status"]["phase"] == "Released")
    assert len(shop.books.disks) == 1
