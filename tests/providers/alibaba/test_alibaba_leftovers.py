"""What stays behind and is billed: all of it, on every page, with its price where one is known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clouddeploy.contract import ClusterSpec, Leftover
from clouddeploy_alibaba.costs import disk_month, gateway_month, node_price
from clouddeploy_alibaba.emulator.world import Resource
from clouddeploy_alibaba.steps.naming import OWNER_TAG
from moto_fixtures.alibaba import EXISTING, FOREIGN_CLUSTER, AlibabaAccount

TAGS = {OWNER_TAG: "demo"}


def left(account: AlibabaAccount) -> list[Leftover]:
    provisioner = account.provider().provisioner
    assert provisioner
    return list(provisioner.leftovers("demo"))


def test_each_has_its_price_where_one_is_known(alibaba_account: AlibabaAccount) -> None:
    world = alibaba_account.cloud.world
    world.add(Resource("vpc", "vpc-1", tags=TAGS))
    world.add(Resource("nat", "ngw-1", vpc_id="vpc-1"))
    for kind in ("slb", "eip"):
        world.add(Resource(kind, f"{kind}-1", tags=TAGS))
    alibaba_account.disk("db-data", alibaba_account.provider().traits.storage_parameters)
    assert {one.kind: one.monthly for one in left(alibaba_account)} == {
        "load balancer": None,
        "NAT gateway": Decimal("31.390"),
        "Elastic IP address": None,
        "disk": Decimal("1.540"),
    }


@pytest.mark.parametrize("kind", ["slb", "eip", "disk"])
@pytest.mark.parametrize("count", [50, 51, 120])
def test_every_page_is_read(alibaba_account: AlibabaAccount, kind: str, count: int) -> None:
    for number in range(count):
        alibaba_account.cloud.world.add(Resource(kind, f"{kind}-{number:03}", size=20, tags=TAGS))
    assert len({one.id for one in left(alibaba_account)}) == count


def test_a_disk_of_our_class_is_found_when_the_cluster_is_gone(alibaba_account: AlibabaAccount) -> None:
    """The CSI driver has tags of its own, and sets ours because our class says so."""
    ours = alibaba_account.provider().traits.storage_parameters
    alibaba_account.disk("db-data", ours)
    alibaba_account.disk("in-use", ours, attached=True)
    alibaba_account.disk("of-others", alibaba_account.provider("other").traits.storage_parameters)
    assert [(one.kind, one.detail) for one in left(alibaba_account)] == [("disk", "20 GiB PL0")]


def test_a_disk_of_acks_class_is_found_while_the_cluster_is_there(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(EXISTING)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    alibaba_account.disk("db-data", {"type": "cloud_essd"}, cluster_id=cluster.id)
    alibaba_account.disk("of-others", {"type": "cloud_essd"}, cluster_id="c-other")
    ours = alibaba_account.provider().traits.storage_parameters
    alibaba_account.disk("with-both-tags", ours, cluster_id=cluster.id)
    disks = [(one.detail, one.monthly) for one in left(alibaba_account) if one.kind == "disk"]
    assert disks == [("20 GiB PL1", None), ("20 GiB PL0", Decimal("1.540"))]


def test_the_api_servers_own_load_balancer_and_address_are_not_left_behind(
    alibaba_account: AlibabaAccount,
) -> None:
    """They go with the cluster. What its controllers made is shown while it is there, too."""
    alibaba_account.plant(EXISTING)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    world = alibaba_account.cloud.world
    own = {one.id for kind in ("slb", "eip") for one in world.of(kind, cluster_id=cluster.id)}
    assert len(own) == 2
    for kind in ("slb", "eip"):
        world.add(Resource(kind, f"{kind}-1", name="203.0.113.9", address="203.0.113.9", tags=TAGS))
    assert {one.id for one in left(alibaba_account)} == {"slb-1", "eip-1"}


def test_disks_of_somebody_elses_cluster_are_not_ours(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(FOREIGN_CLUSTER)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    alibaba_account.disk("db-data", {"type": "cloud_essd"}, cluster_id=cluster.id)
    assert left(alibaba_account) == []


def test_gateways_of_every_network_are_found(alibaba_account: AlibabaAccount) -> None:
    for number in range(51):
        alibaba_account.cloud.world.add(Resource("vpc", f"vpc-{number}", tags=TAGS))
    alibaba_account.cloud.world.add(Resource("nat", "ngw-1", vpc_id="vpc-50"))
    assert [one.id for one in left(alibaba_account)] == ["ngw-1"]


@pytest.mark.parametrize(
    ("level", "region", "price"),
    [
        ("PL0", "us-east-1", Decimal("7.700")),
        ("PL0", "cn-hongkong", Decimal("7.700")),
        ("PL0", "cn-hangzhou", None),
        ("PL1", "us-east-1", None),
        ("", "us-east-1", None),
    ],
)
def test_a_disk_is_paid_by_size(level: str, region: str, price: Decimal | None) -> None:
    assert disk_month(100, level, region) == price


def test_mainland_china_has_prices_of_its_own() -> None:
    assert gateway_month("cn-beijing") == Decimal("24.820")
    assert gateway_month("cn-hongkong") == Decimal("31.390")
    assert node_price("ecs.c9i.xlarge", "cn-beijing") == (None, "")


def test_the_price_of_another_region_says_so(alibaba_account: AlibabaAccount) -> None:
    assert node_price("ecs.c9i.xlarge", "us-east-1") == (Decimal("0.1463"), "")
    assert node_price("ecs.c9i.xlarge", "eu-central-1") == (Decimal("0.1463"), "us-east-1, ")
    assert node_price("ecs.c9i.large", "cn-hongkong") == (Decimal("0.097872"), "")
    assert node_price("ecs.c9i.large", "ap-southeast-1") == (Decimal("0.0855"), "ap-southeast-6, ")
    assert node_price("ecs.g9i.large", "us-east-1") == (Decimal("0.1024"), "ap-southeast-6, ")
    assert node_price("ecs.c99.xlarge", "us-east-1") == (None, "")
    provisioner = alibaba_account.provider().provisioner
    assert provisioner
    found = {one.kind: one for one in provisioner.costs(ClusterSpec("demo", nodes=2))}
    assert found["2 nodes"].detail == "ecs.e-c1m2.xlarge, prices of us-east-1, 2026-09-28"
    assert found["system disks"].monthly == Decimal("6.160")
