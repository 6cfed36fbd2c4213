"""Volumes: claims that live longer than the app, grow and never shrink."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clouddeploy.app.model import Service, Volume
from clouddeploy.errors import CloudDeployError, ConfigError, ForeignResourceError, UnhealthyError
from clouddeploy.kube.apply import apply_objects
from clouddeploy.kube.client import Kube, Object
from clouddeploy.kube.health import wait_healthy
from clouddeploy.kube.kinds import CLAIM, DEPLOYMENT, NAMESPACE, STORAGE_CLASS
from clouddeploy.kube.volumes import data_volumes
from tests.kube.clocks import Fast
from tests.kube.conftest import Make
from tests.kube.test_apply import actions, foreign
from tests.kube.test_down import deploy, left, remove
from tests.kube.test_health import Watched
from tests.manifests.samples import DB, DISKS, WEB, make_app, objects

CLAIMS = ["PersistentVolumeClaim/db-data (12Gi)", "PersistentVolumeClaim/db-wal (1Gi)"]


def sized(gib: int, service: Service = DB) -> Service:
    return replace(service, volumes=(Volume("data", "/data", gib),))


def claim(kube: Kube, namespace: str, name: str = "db-data") -> Object:
    found = kube.get(CLAIM, name, namespace)
    assert found is not None
    return found


def until_capacity(kube: Kube, namespace: str, size: str) -> None:
    clock = Fast()
    while claim(kube, namespace)["status"].get("capacity") != {"storage": size}:
        clock.sleep(1)


def test_a_service_with_volumes_becomes_healthy_on_bound_claims(
    kube: Kube, make: Make, namespace: str
) -> None:
    deploy(kube, make(DB))
    assert {each["status"]["phase"] for each in kube.list(CLAIM, namespace)} == {"Bound"}
    assert actions(kube, make(DB)) == {"unchanged": 6}


class TestDown:
    """Data stays unless somebody says otherwise."""

    def test_volumes_stay_and_their_namespace_with_them(self, kube: Kube, make: Make, namespace: str) -> None:
        deploy(kube, make(DB))
        progress = Watched()
        removed = remove(kube, namespace, progress=progress)
        assert removed == ["Deployment/db", "Service/db", "ServiceAccount/shop"]
        assert left(kube, namespace) == ["PersistentVolumeClaim/db-data", "PersistentVolumeClaim/db-wal"]
        assert data_volumes(kube, "shop", namespace) == CLAIMS
        assert progress.said[-1] == f"namespace {namespace} stays: PersistentVolumeClaim/db-data has data"

    def test_the_next_deploy_finds_the_data_again(self, kube: Kube, make: Make, namespace: str) -> None:
        deploy(kube, make(DB))
        before = claim(kube, namespace)["metadata"]["uid"]
        remove(kube, namespace)
        deploy(kube, make(DB))
        assert claim(kube, namespace)["metadata"]["uid"] == before

    def test_they_go_when_that_is_asked_for(self, kube: Kube, make: Make, namespace: str) -> None:
        deploy(kube, make(DB))
        planned = remove(kube, namespace, volumes=True, dry_run=True)
        assert data_volumes(kube, "shop", namespace) == CLAIMS
        assert remove(kube, namespace, volumes=True) == planned
        assert planned[-3:] == [
            "PersistentVolumeClaim/db-data",
            "PersistentVolumeClaim/db-wal",
            f"Namespace/{namespace}",
        ]
        assert kube.get(NAMESPACE, namespace) is None

    def test_also_after_the_app_is_gone(self, kube: Kube, make: Make, namespace: str) -> None:
        deploy(kube, make(DB))
        remove(kube, namespace)
        assert remove(kube, namespace, volumes=True)[-1] == f"Namespace/{namespace}"

    def test_anothers_volume_stays_in_any_case(self, kube: Kube, make: Make, namespace: str) -> None:
        deploy(kube, make(DB))
        theirs = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        foreign(kube, namespace, "PersistentVolumeClaim", spec=theirs)
        remove(kube, namespace, volumes=True)
        assert left(kube, namespace) == ["PersistentVolumeClaim/theirs"]


class TestSize:
    """A volume grows with the file; smaller is refused before anything is written."""

    def test_it_grows(self, kube: Kube, make: Make, namespace: str) -> None:
        deploy(kube, make(sized(1)))
        assert actions(kube, make(sized(5)))["configured"] == 1
        until_capacity(kube, namespace, "5Gi")

    def test_it_never_shrinks(self, kube: Kube, make: Make, namespace: str) -> None:
        deploy(kube, make(sized(5)))
        with pytest.raises(ConfigError) as caught:
            apply_objects(kube, make(replace(sized(2), env={"NEW": "1"})))
        assert caught.value.message == (
            f"the volume db-data in namespace {namespace} has 5Gi and is asked for 2Gi: "
            "a volume can grow and never shrink; nothing was changed"
        )
        assert str(caught.value.fix).startswith("write size: 5Gi for it")
        assert left(kube, namespace)[:2] == ["ServiceAccount/shop", "PersistentVolumeClaim/db-data"]

    def test_a_class_that_cannot_expand_is_said_before_anything_is_written(
        self, kube: Kube, namespace: str
    ) -> None:
        rigid = f"rigid-{namespace}"
        kube.apply(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": rigid},
                "provisioner": "emulator.clouddeploy.dev/disk",
                "volumeBindingMode": "Immediate",
            }
        )
        traits = replace(DISKS, storage_class=rigid, storage_provisioner=None, min_volume_gib=1)

        def wanted(gib: int) -> list[dict[str, Any]]:
            return objects(make_app(sized(gib), namespace=namespace), traits)

        deploy(kube, wanted(1))
        with pytest.raises(CloudDeployError, match="must support resize; nothing was changed"):
            apply_objects(kube, wanted(2))
        assert claim(kube, namespace)["spec"]["resources"]["requests"] == {"storage": "1Gi"}


class TestRollout:
    """One pod at a time holds the volume."""

    def test_a_service_may_get_volumes_and_lose_them(self, kube: Kube, make: Make, namespace: str) -> None:
        for service, strategy in ((replace(DB, volumes=()), "RollingUpdate"), (DB, "Recreate")) * 2:
            deploy(kube, make(service))
            live = kube.get(DEPLOYMENT, "db", namespace)
            assert live
            assert live["spec"]["strategy"]["type"] == strategy
        assert data_volumes(kube, "shop", namespace) == CLAIMS

    def test_a_claim_that_nobody_binds_is_the_reason_that_is_told(self, kube: Kube, namespace: str) -> None:
        found = objects(
            make_app(DB, namespace=namespace),
            replace(DISKS, storage_class=f"none-{namespace}", storage_provisioner=None),
        )
        apply_objects(kube, found)
        with pytest.raises(UnhealthyError, match="unbound immediate PersistentVolumeClaims"):
            wait_healthy(kube, found, timeout=20, clock=Fast())


class TestStorageClass:
    """One for the whole cluster, whoever made it first."""

    def test_it_is_made_once_and_used_as_it_is(self, kube: Kube, namespace: str) -> None:
        traits = replace(DISKS, storage_class=f"ssd-{namespace}")
        first = objects(make_app(DB, namespace=namespace), traits)
        assert actions(kube, first) == {"created": 7}
        assert actions(kube, first)["created"] == 0
        second = objects(replace(make_app(DB, namespace=f"{namespace}-b"), name="other"), traits)
        apply_objects(kube, second)
        made = kube.get(STORAGE_CLASS, traits.storage_class or "")
        assert made
        assert made["metadata"]["labels"]["app.kubernetes.io/part-of"] == "shop"
        remove(kube, namespace, volumes=True)
        assert kube.get(STORAGE_CLASS, traits.storage_class or "")


def test_a_claim_of_somebody_else_is_never_used(kube: Kube, make: Make, namespace: str) -> None:
    deploy(kube, make(WEB))
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    foreign(kube, namespace, "PersistentVolumeClaim", "db-data", spec=spec)
    with pytest.raises(ForeignResourceError, match="PersistentVolumeClaim/db-data"):
        apply_objects(kube, make(DB))
