"""The emulated ACK refuses node pools and ranges that ACK refuses, and pages its lists."""

from __future__ import annotations

from typing import Any

import pytest

from clouddeploy.errors import CloudDeployError
from clouddeploy_alibaba.emulator.records import ClusterRecord, TaskRecord
from clouddeploy_alibaba.emulator.world import Resource
from clouddeploy_alibaba.records import find, tasks
from clouddeploy_alibaba.sdk import Sdk
from clouddeploy_alibaba.session import Session
from moto_fixtures.alibaba import EXISTING, REGION, AlibabaAccount

MACHINE = "ecs.c9i.xlarge"


@pytest.fixture
def cluster(alibaba_account: AlibabaAccount) -> ClusterRecord:
    """A running Pro cluster in one vSwitch."""
    alibaba_account.plant(EXISTING)
    (found,) = alibaba_account.cloud.ack.clusters()
    return found


def ask(operation: str, *places: str, **body: Any) -> Any:
    return Sdk(REGION, None).ack("do it", operation, *places, body=body)


def code_of(operation: str, *places: str, **body: Any) -> str | None:
    with pytest.raises(CloudDeployError) as caught:
        ask(operation, *places, **body)
    return caught.value.code


def group(cluster: ClusterRecord, **change: Any) -> dict[str, Any]:
    kind = {"instance_types": [MACHINE], "instance_charge_type": "PostPaid"}
    return {"vswitch_ids": cluster.request["vswitch_ids"], **kind, **change}


def pool(cluster: ClusterRecord, name: str, **change: Any) -> str:
    wanted = {"nodepool_info": {"name": name}, "scaling_group": group(cluster, **change)}
    found: str = ask("create_cluster_node_pool", cluster.id, **wanted)["nodepool_id"]
    return found


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"vswitch_ids": []}, "ErrorCheckParams"),
    ({"vswitch_ids": ["vsw-none"]}, "InvalidVSwitchId.NotFound"),
    ({"instance_types": []}, "ErrorCheckParams"),
    ({"instance_types": [MACHINE] * 11}, "ErrorCheckParams"),
    ({"instance_types": ["ecs.c99.xlarge"]}, "InvalidInstanceType.NotSupported"),
    ({"system_disk_category": "floppy"}, "ErrorCheckParams"),
    ({"system_disk_size": 10}, "ErrorCheckParams"),
    ({"internet_max_bandwidth_out": 101}, "ErrorCheckParams"),
    ({"instance_charge_type": "Free"}, "ErrorCheckParams"),
    ({"instance_charge_type": "PrePaid"}, "ErrorCheckParams"),
    ({"instance_charge_type": "PrePaid", "period": 12, "period_unit": "Week"}, "ErrorCheckParams"),
    ({"internet_charge_type": "PayByHour"}, "ErrorCheckParams"),
    ({"multi_az_policy": "ANY"}, "ErrorCheckParams"),
    ({"spot_strategy": "Spot"}, "ErrorCheckParams"),
    ({"system_disk_performance_level": "PL9"}, "ErrorCheckParams"),
    ({"image_type": "Plan9"}, "ErrorCheckParams"),
    ({"login_password": "short1A"}, "ErrorCheckParams"),
    ({"login_password": "onlylowercase1"}, "ErrorCheckParams"),
    ({"login_password": "Abcdefg1", "key_pair": "mine"}, "ErrorCheckParams"),
    ({"desired_size": 101}, "QuotaExceeded.Node"),
    ({"desired_size": -1}, "QuotaExceeded.Node"),
    ({"tags": [{"key": "acs:x", "value": ""}]}, "InvalidTagKey.Malformed"),
]


@pytest.mark.parametrize(("change", "code"), WRONG)
def test_a_wrong_node_pool_is_not_made(change: dict[str, Any], code: str, cluster: ClusterRecord) -> None:
    wanted = {"nodepool_info": {"name": "pool"}, "scaling_group": group(cluster, **change)}
    assert code_of("create_cluster_node_pool", cluster.id, **wanted) == code
    assert cluster.pools == {}


@pytest.mark.parametrize(
    "change",
    [
        {"instance_types": ["ecs.c9i.large"]},
        {"instance_charge_type": "PrePaid", "period": 12},
        {"login_password": "Abcdefg1"},
        {"key_pair": "mine"},
    ],
    ids=str,
)
def test_but_one_like_this_is(change: dict[str, Any], cluster: ClusterRecord) -> None:
    assert pool(cluster, "pool", **change) in cluster.pools


def test_a_cluster_is_made_with_the_pools_it_asks_for(
    cluster: ClusterRecord, alibaba_account: AlibabaAccount
) -> None:
    change = {"name": "second", "container_cidr": "172.22.0.0/16", "service_cidr": "172.23.0.0/20"}
    pools = [{"nodepool_info": {"name": "pool"}, "scaling_group": group(cluster, desired_size=2)}]
    made = ask("create_cluster", **{**cluster.request, **change}, nodepools=pools)["cluster_id"]
    for seconds, serving in ((600, 0), (120, 2)):
        alibaba_account.cloud.ack.join()
        alibaba_account.cloud.clock.advance(seconds)
        (found,) = ask("describe_cluster_node_pools", made)["nodepools"]
        assert found["status"]["serving_nodes"] == serving


@pytest.mark.parametrize(("change", "code"), WRONG)
def test_and_none_becomes_one(change: dict[str, Any], code: str, cluster: ClusterRecord) -> None:
    made = pool(cluster, "pool", desired_size=2)
    assert code_of("modify_cluster_node_pool", cluster.id, made, scaling_group=change) == code
    assert cluster.pools[made].desired == 2
    assert cluster.pools[made].request["scaling_group"]["instance_types"] == [MACHINE]


@pytest.mark.parametrize("bounds", [(3, 2), (-1, 2), (0, 2001)])
def test_a_pool_scales_between_bounds(bounds: tuple[int, int], cluster: ClusterRecord) -> None:
    least, most = bounds
    scaling = {"enable": True, "min_instances": least, "max_instances": most}
    wanted = {"nodepool_info": {"name": "pool"}, "scaling_group": group(cluster), "auto_scaling": scaling}
    assert code_of("create_cluster_node_pool", cluster.id, **wanted) == "ErrorCheckParams"


def test_the_quota_of_nodes_is_that_of_all_pools(cluster: ClusterRecord) -> None:
    made = pool(cluster, "one", desired_size=60)
    wanted = {"nodepool_info": {"name": "two"}, "scaling_group": group(cluster, desired_size=41)}
    assert code_of("create_cluster_node_pool", cluster.id, **wanted) == "QuotaExceeded.Node"
    pool(cluster, "two", desired_size=40)
    larger = {"desired_size": 61}
    assert code_of("modify_cluster_node_pool", cluster.id, made, scaling_group=larger) == "QuotaExceeded.Node"
    ask("modify_cluster_node_pool", cluster.id, made, scaling_group={"desired_size": 59})


def test_a_pool_that_goes_is_not_changed(cluster: ClusterRecord) -> None:
    made = pool(cluster, "pool", desired_size=2)
    ask("delete_cluster_nodepool", cluster.id, made, force=True)
    change = {"desired_size": 3}
    assert code_of("modify_cluster_node_pool", cluster.id, made, scaling_group=change) == "ErrorNodePoolState"


def test_the_last_nodes_are_drained_for_long(cluster: ClusterRecord, alibaba_account: AlibabaAccount) -> None:
    first, last = (pool(cluster, name, desired_size=1) for name in ("first", "last"))
    clock = alibaba_account.cloud.clock
    for one, seconds in ((first, 60), (last, 1800)):
        ask("delete_cluster_nodepool", cluster.id, one, force=True)
        assert code_of("delete_cluster_nodepool", cluster.id, one) == "InvalidNodePoolStatus.Forbidden"
        clock.advance(seconds - 10)
        ask("describe_cluster_node_pools", cluster.id)
        assert one in cluster.pools
        clock.advance(20)
        ask("describe_cluster_node_pools", cluster.id)
        assert one not in cluster.pools


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        ({}, True),
        ({"container_cidr": "172.22.0.0/16"}, True),
        ({"container_cidr": "172.22.0.0/16", "service_cidr": "172.23.0.0/20"}, False),
        ({"container_cidr": "172.16.0.0/12", "service_cidr": "192.168.0.0/20"}, True),
    ],
)
def test_two_clusters_in_a_vpc_need_ranges_of_their_own(
    change: dict[str, str], taken: bool, cluster: ClusterRecord, alibaba_account: AlibabaAccount
) -> None:
    second = {**cluster.request, "name": "second", **change}
    if taken:
        assert code_of("create_cluster", **second) == "ErrorCheckParams"
    else:
        ask("create_cluster", **second)
    assert len(alibaba_account.cloud.ack.clusters()) == (1 if taken else 2)


def test_terway_wants_vswitches_for_pods_and_no_range(
    cluster: ClusterRecord, alibaba_account: AlibabaAccount
) -> None:
    world, vpc = alibaba_account.cloud.world, str(cluster.request["vpcid"])
    pods = Resource("vswitch", "vsw-pods", vpc_id=vpc, zone=f"{REGION}a", cidr="10.1.0.0/16")
    far = Resource("vswitch", "vsw-far", vpc_id=vpc, zone=f"{REGION}b", cidr="10.2.0.0/16")
    for one in (pods, far):
        world.add(one)
    wanted = {key: value for key, value in cluster.request.items() if key != "container_cidr"}
    wanted |= {"name": "second", "service_cidr": "172.23.0.0/20", "addons": [{"name": "terway-eniip"}]}
    assert code_of("create_cluster", **wanted) == "ErrorCheckParams"
    for wrong in (wanted["vswitch_ids"], ["vsw-none"], [far.id]):
        assert code_of("create_cluster", **wanted, pod_vswitch_ids=wrong)
    both = {**wanted, "addons": [{"name": "terway-eniip"}, {"name": "flannel"}]}
    assert code_of("create_cluster", **both, pod_vswitch_ids=[pods.id]) == "ErrorCheckParams"
    ask("create_cluster", **wanted, pod_vswitch_ids=[pods.id])


class TestTasks:
    """A cluster that was worked on often has more tasks than a page holds."""

    @pytest.fixture
    def many(self, cluster: ClusterRecord, alibaba_account: AlibabaAccount) -> ClusterRecord:
        now = alibaba_account.cloud.clock.now()
        made = [TaskRecord(f"T-{each:03}", "nodepool_update", now + each, now + each) for each in range(120)]
        cluster.tasks.extend(made)
        return cluster

    def test_pages_are_as_large_as_was_asked_for(self, many: ClusterRecord) -> None:
        found = ask("describe_cluster_tasks", many.id, page_size=50, page_number=3)
        assert found["page_info"] == {"page_number": 3, "page_size": 50, "total_count": 121}
        assert len(found["tasks"]) == 21
        for wrong in ({"page_size": 0}, {"page_size": 101}, {"page_number": 0}, {"page_number": "x"}):
            assert code_of("describe_cluster_tasks", many.id, **wrong) == "ErrorCheckParams"

    def test_all_of_them_are_read(self, many: ClusterRecord, alibaba_account: AlibabaAccount) -> None:
        session = Session(alibaba_account.target())
        cluster = find(session, many.name)
        assert cluster
        found = tasks(session, cluster)
        assert [one.id for one in found[-120:]] == [f"T-{each:03}" for each in range(120)]
        assert found[0].type == "cluster_create"
