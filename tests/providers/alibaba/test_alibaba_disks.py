"""The emulated CSI driver makes, tags and refuses disks as alibaba-cloud-csi-driver does."""

from __future__ import annotations

import pytest

from clouddeploy.emulator.kubernetes.storage import Volume
from clouddeploy_alibaba.emulator.disks import ClusterDisks
from clouddeploy_alibaba.emulator.storage import STORAGE
from clouddeploy_alibaba.emulator.world import Resource
from moto_fixtures.alibaba import AlibabaAccount

OURS = {"type": "cloud_essd", "performanceLevel": "PL0", "diskTags": "clouddeploy/cluster:demo"}


def made(account: AlibabaAccount, parameters: dict[str, str], gib: int = 20) -> Resource | None:
    volume = Volume("uid-1", "shop", "db-data", gib, "eu-central-1b", parameters)
    if not ClusterDisks(account.cloud.world, "c0ffee").keep(volume, attached=False):
        return None
    (disk,) = account.cloud.world.of("disk")
    return disk


def test_a_disk_has_the_drivers_tags_and_those_of_the_class(alibaba_account: AlibabaAccount) -> None:
    disk = made(alibaba_account, {**OURS, "diskTags/team": "shop: a,b"})
    assert disk
    assert (disk.size, disk.zone, disk.category, disk.level) == (20, "eu-central-1b", "cloud_essd", "PL0")
    assert disk.tags == {
        "k8s.aliyun.com": "true",
        "createdby": "alibabacloud-csi-plugin",
        "ack.aliyun.com": "c0ffee",
        "csi.alibabacloud.com/volume-name": "d-uid-1",
        "clouddeploy/cluster": "demo",
        "team": "shop: a,b",
        "kubernetes.io/created-for/pv/name": "d-uid-1",
        "kubernetes.io/created-for/pvc/name": "db-data",
        "kubernetes.io/created-for/pvc/namespace": "shop",
    }


@pytest.mark.parametrize(
    ("parameters", "gib", "kind"),
    [
        (OURS, 20, ("cloud_essd", "PL0")),
        ({"type": "cloud_essd"}, 20, ("cloud_essd", "PL1")),
        ({"type": "cloud_essd", "performanceLevel": "PL2,PL1"}, 20, ("cloud_essd", "PL1")),
        ({"type": "cloud_essd", "performanceLevel": "PL2"}, 20, None),
        ({"type": "cloud_essd", "performanceLevel": "pl0"}, 20, None),
        ({"type": "essd"}, 20, None),
        ({**OURS, "diskTags": "clouddeploy/cluster=demo"}, 20, None),
        ({"type": "cloud_essd,cloud_ssd,cloud_efficiency"}, 20, ("cloud_essd", "PL1")),
        ({}, 20, ("cloud_ssd", "")),
    ],
)
def test_its_kind_is_the_first_that_there_is(
    parameters: dict[str, str], gib: int, kind: tuple[str, str] | None, alibaba_account: AlibabaAccount
) -> None:
    disk = made(alibaba_account, parameters, gib)
    assert (disk and (disk.category, disk.level)) == kind


def test_our_class_is_made_for_a_driver_that_the_cluster_has(alibaba_account: AlibabaAccount) -> None:
    traits = alibaba_account.provider().traits
    assert traits.storage_parameters == OURS
    assert traits.storage_provisioner in STORAGE.drivers
    assert traits.storage_class not in {each.name for each in STORAGE.classes}


def test_a_cluster_of_others_gets_no_class_and_uses_one_that_waits_for_the_pod(
    alibaba_account: AlibabaAccount,
) -> None:
    traits = alibaba_account.provider(existing=True).traits
    assert traits.storage_provisioner is None
    (theirs,) = [each for each in STORAGE.classes if each.name == traits.storage_class]
    assert not theirs.immediate
