"""ACK clusters: what is asked for, what is refused, what is never touched, what is left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from clouddeploy import clusters
from clouddeploy.contract import ClientCertificate, ClusterSpec, State, Status, Step
from clouddeploy.emulator.faults import Request
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    ForeignResourceError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_alibaba.emulator.world import Resource
from clouddeploy_alibaba.machines import Machine, choose
from clouddeploy_alibaba.policy import POLICY
from clouddeploy_alibaba.roles import PULLING, ROLES
from moto_fixtures.alibaba import (
    AT_QUOTA,
    EXISTING,
    FOREIGN_CLUSTER,
    FOREIGN_VPC,
    LEFTOVERS,
    AlibabaAccount,
    Seed,
)

SPEC = ClusterSpec("demo")


def steps(account: AlibabaAccount, spec: ClusterSpec = SPEC) -> Sequence[Step]:
    provisioner = account.provider().provisioner
    assert provisioner
    return provisioner.steps(spec)


def up(account: AlibabaAccount, spec: ClusterSpec = SPEC) -> None:
    clusters.up(steps(account, spec), clock=account.clock)


def asked(account: AlibabaAccount, path: str) -> dict[str, Any]:
    (found,) = [
        one for one in account.cloud.faults.record if one.path.endswith(path) and one.method == "POST"
    ]
    body: dict[str, Any] = json.loads(found.body)
    return body


def test_every_default_that_costs_money_is_written_out(alibaba_account: AlibabaAccount) -> None:
    up(alibaba_account)
    cluster, pool = asked(alibaba_account, "/clusters"), asked(alibaba_account, "/nodepools")
    assert {
        name: cluster[name] for name in ("snat_entry", "endpoint_public_access", "deletion_protection")
    } == {
        "snat_entry": False,
        "endpoint_public_access": True,
        "deletion_protection": False,
    }
    assert cluster["cluster_spec"] == "ack.standard"
    assert {"name": "nginx-ingress-controller", "disabled": True} in cluster["addons"]
    assert cluster["tags"] == [{"key": "clouddeploy/cluster", "value": "demo"}]
    group = pool["scaling_group"]
    assert (group["instance_types"], group["desired_size"]) == (["ecs.e-c1m2.xlarge"], 2)
    assert (group["instance_charge_type"], group["spot_strategy"]) == ("PostPaid", "NoSpot")
    assert "count" not in pool


@pytest.mark.parametrize(
    ("spec", "edition"),
    [
        (SPEC, "ack.standard"),
        (replace(SPEC, ha=True), "ack.pro.small"),
        (replace(SPEC, nodes=11), "ack.pro.small"),
    ],
)
def test_pro_is_taken_where_it_is_needed(
    spec: ClusterSpec, edition: str, alibaba_account: AlibabaAccount
) -> None:
    up(alibaba_account, spec)
    assert asked(alibaba_account, "/clusters")["cluster_spec"] == edition


@pytest.mark.parametrize(
    ("spec", "told", "fix"),
    [
        (
            replace(SPEC, version="1.20"),
            "no cluster of Kubernetes 1.20",
            "offered are 1.35, 1.34, 1.33, 1.32",
        ),
        (replace(SPEC, machine="ecs.c9i.xlrge"), "ecs.c9i.xlrge is not offered", "ecs.c9i.xlarge"),
        (replace(SPEC, cpus=512), "512 vCPUs and 8 GiB", "the largest is ecs.g9i.4xlarge"),
        (replace(SPEC, nodes=0), "cannot have 0 nodes", "1 to 500"),
    ],
)
def test_what_is_not_offered_is_refused_before_the_first_write(
    spec: ClusterSpec, told: str, fix: str, alibaba_account: AlibabaAccount
) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        up(alibaba_account, spec)
    assert fix in str(caught.value.fix)
    assert alibaba_account.writes() == []


@pytest.mark.parametrize(
    ("region", "near"), [("eu-centrl-1", "eu-central-1"), ("ap-notheast-1", "ap-northeast-1"), ("mars", "")]
)
def test_a_region_that_is_none_names_the_nearest(
    region: str, near: str, alibaba_account: AlibabaAccount
) -> None:
    provider = alibaba_account.provider(region=region)
    for ask in (provider.identity, provider.clusters.list, lambda: provider.registry.ensure("shop/web")):
        with pytest.raises(ConfigError, match=f"no region {region}; the nearest name is {near}") as caught:
            ask()
        assert caught.value.exit_code == 2
    assert alibaba_account.cloud.calls == []


def test_a_new_region_of_a_known_place_is_taken(alibaba_account: AlibabaAccount) -> None:
    assert alibaba_account.provider(region="eu-central-9").identity().account


@pytest.mark.parametrize("role", [*ROLES, PULLING])
def test_a_missing_service_role_is_named_before_the_first_write(
    role: str, alibaba_account: AlibabaAccount
) -> None:
    alibaba_account.cloud.ack.missing_roles = {role}
    with pytest.raises(PreconditionError, match=f"ACK has no service role {role}") as caught:
        up(alibaba_account)
    assert "it asks for the service roles" in str(caught.value.fix)
    assert alibaba_account.writes() == []


def test_personal_edition_needs_no_role_for_pulling(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.ack.missing_roles = {PULLING}
    provisioner = alibaba_account.provider(registry={"edition": "personal"}).provisioner
    assert provisioner
    clusters.up(provisioner.steps(SPEC), clock=alibaba_account.clock)


@pytest.mark.parametrize("role", ROLES)
def test_whoever_may_not_ask_for_roles_is_told_by_ack(role: str, alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.ack.missing_roles = {role}
    statements: list[dict[str, Any]] = json.loads(POLICY)["Statement"]
    for one in statements:
        one["Action"] = [each for each in one["Action"] if each != "cs:CheckServiceRole"]
    key = alibaba_account.cloud.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    alibaba_account.cloud.policies[key] = {"Statement": statements}
    with pytest.raises(PreconditionError, match="could not create the ACK cluster demo") as caught:
        up(alibaba_account)
    assert "it asks for the service roles" in str(caught.value.fix)
    assert alibaba_account.cloud.ack.clusters() == []


def test_a_quota_is_named_before_the_first_write(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(AT_QUOTA)
    with pytest.raises(
        PreconditionError, match=r"quota for ACK clusters \(cluster_quota\) is 2, and 3"
    ) as caught:
        up(alibaba_account)
    assert "quotas.console" in str(caught.value.fix)
    assert alibaba_account.writes() == []


def test_load_balancers_that_deleted_clusters_left_use_up_their_quota(
    alibaba_account: AlibabaAccount,
) -> None:
    """The API server needs one of them (cloud-barista/cb-spider#1192)."""
    alibaba_account.plant(Seed(balancers={"8.8.4.4": {}}, quotas={"slb": 1}))
    with pytest.raises(PreconditionError, match=r"the account's quota is used up: .*SLB") as caught:
        up(alibaba_account)
    assert "clouddeploy cluster leftovers" in str(caught.value.fix)
    assert alibaba_account.cloud.ack.clusters() == []


def test_too_many_nodes_for_the_quota(alibaba_account: AlibabaAccount) -> None:
    with pytest.raises(PreconditionError, match=r"nodes in a cluster \(node_quota\) is 100, and 101"):
        up(alibaba_account, replace(SPEC, nodes=101))


@pytest.mark.parametrize(("seed", "what"), [(FOREIGN_VPC, "the VPC"), (FOREIGN_CLUSTER, "the ACK cluster")])
def test_what_is_not_ours_is_not_touched(seed: Seed, what: str, alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(seed)
    for run in (clusters.up, clusters.down):
        with pytest.raises(ForeignResourceError, match=what) as caught:
            run(steps(alibaba_account), clock=alibaba_account.clock)
        assert "clouddeploy/cluster=demo" in caught.value.message
        assert caught.value.fix
    assert alibaba_account.writes() == []


def test_of_two_clusters_of_a_name_ours_is_meant(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(FOREIGN_CLUSTER)
    alibaba_account.plant(EXISTING)
    found = alibaba_account.provider().clusters
    assert [one.owned for one in found.list()] == [False, True] or [one.owned for one in found.list()] == [
        True,
        False,
    ]
    assert isinstance(found.access("demo").credential(), ClientCertificate)
    control = steps(alibaba_account)[2]
    assert control.state().status is Status.READY


def test_a_list_that_lags_makes_no_twin(alibaba_account: AlibabaAccount) -> None:
    """The reply is lost and the cluster is not listed at once: nothing is created a second time."""
    cloud = alibaba_account.cloud
    cloud.ack.list_lag = 60.0
    cloud.faults.lose_reply(lambda request: request.headers.get("x-acs-action") == "CreateCluster")
    up(alibaba_account)
    assert alibaba_account.writes().count("CS:CreateCluster") == 1
    assert len(cloud.ack.clusters()) == 1


def test_a_failed_cluster_says_why_and_can_be_deleted(alibaba_account: AlibabaAccount) -> None:
    def break_down(_: Request) -> None:
        for cluster in alibaba_account.cloud.ack.clusters():
            cluster.failure = cluster.tasks[0].error = "the account has not enough balance"

    alibaba_account.cloud.faults.after(
        1, break_down, lambda request: request.headers.get("x-acs-action") == "CreateCluster"
    )
    with pytest.raises(CloudDeployError, match="the account has not enough balance") as caught:
        up(alibaba_account)
    assert "cluster delete" in str(caught.value.fix)
    with pytest.raises(PreconditionError, match="is failed: the account"):
        alibaba_account.provider().clusters.access("demo")
    clusters.down(steps(alibaba_account), clock=alibaba_account.clock)
    assert alibaba_account.cloud.ledger() == []


def test_nodes_that_do_not_come_are_counted(alibaba_account: AlibabaAccount) -> None:
    up(alibaba_account)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    (pool,) = cluster.pools.values()
    pool.serving, pool.failing = 1, True
    state = steps(alibaba_account)[3].state()
    assert state == State(Status.PENDING, "1 of 2 nodes, active, 1 failed")


def test_a_missing_vswitch_is_noticed_and_made(alibaba_account: AlibabaAccount) -> None:
    first = steps(alibaba_account)
    clusters.up(first[:2], clock=alibaba_account.clock)
    world = alibaba_account.cloud.world
    del world.resources[world.of("vswitch")[0].id]
    assert first[1].state().detail.startswith("incomplete: no vSwitch in eu-central-1")
    up(alibaba_account)
    assert len(world.of("vswitch")) == 2


def test_a_protected_cluster_stays(alibaba_account: AlibabaAccount) -> None:
    up(alibaba_account)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    cluster.request = {**cluster.request, "deletion_protection": True}
    with pytest.raises(PreconditionError, match="protected against deletion") as caught:
        clusters.down(steps(alibaba_account), clock=alibaba_account.clock)
    assert "deletion_protection" in str(caught.value.fix)
    alibaba_account.cloud.clock.advance(1000)
    assert [len(cluster.pools), len(cluster.addons)] == [1, 1]


def test_nodes_go_with_their_cluster_and_are_not_drained(alibaba_account: AlibabaAccount) -> None:
    """ACK drains the last node of a cluster for half an hour, as nothing else can take its pods."""
    up(alibaba_account)
    begun = alibaba_account.clock.monotonic()
    clusters.down(steps(alibaba_account), clock=alibaba_account.clock)
    assert alibaba_account.clock.monotonic() - begun < 900
    assert "CS:DeleteClusterNodepool" not in alibaba_account.writes()


def test_a_load_balancer_that_keeps_the_network_is_named(alibaba_account: AlibabaAccount) -> None:
    """SLB leftovers happen: the VPC then cannot go (cloud-barista/cb-spider#1192)."""
    up(alibaba_account)
    world = alibaba_account.cloud.world
    (vpc,) = world.of("vpc")
    left = world.add(Resource("slb", "lb-left", name="8.8.8.8", vpc_id=vpc.id))
    with pytest.raises(TemporaryError, match="load balancers are still in it: lb-left") as caught:
        clusters.down(steps(alibaba_account), clock=alibaba_account.clock)
    assert "DeleteLoadBalancer --LoadBalancerId lb-left" in str(caught.value.fix)
    provisioner = alibaba_account.provider().provisioner
    assert provisioner
    assert [(one.kind, one.id) for one in provisioner.leftovers("demo")] == [("load balancer", "lb-left")]
    del world.resources[left.id]
    clusters.down(steps(alibaba_account), clock=alibaba_account.clock)
    assert world.resources == {}


def test_leftovers_are_found_on_later_days(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(LEFTOVERS)
    provisioner = alibaba_account.provider().provisioner
    assert provisioner
    assert [one.kind for one in provisioner.leftovers("demo")] == ["load balancer", "disk"]
    assert provisioner.leftovers("other") == []


def test_an_upgrade_goes_one_minor_version_and_takes_the_nodes_along(alibaba_account: AlibabaAccount) -> None:
    up(alibaba_account, replace(SPEC, version="1.33"))
    provisioner = alibaba_account.provider().provisioner
    assert provisioner
    with pytest.raises(ConfigError, match=r"does not upgrade demo from 1\.33") as caught:
        provisioner.upgrade("demo", "1.35")
    assert "use 1.34; ACK goes one minor version at a time" in str(caught.value.fix)

    found = provisioner.upgrade("demo", None)
    assert [one.title for one in found] == ["control plane to 1.34.3-aliyun.1", "nodes to 1.34.3-aliyun.1"]
    clusters.up(found, clock=alibaba_account.clock)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    assert cluster.version == "1.34.3-aliyun.1"
    assert [task.type for task in cluster.tasks][-2:] == ["cluster_upgrade", "nodepool_upgrade"]
    again = provisioner.upgrade("demo", "1.34")
    assert {one.state().status for one in again} == {Status.READY}


def test_scaling_sets_a_target_and_keeps_the_tags(alibaba_account: AlibabaAccount) -> None:
    up(alibaba_account)
    nodes = alibaba_account.provider().nodes
    assert nodes
    for count in (5, 5, 1):
        clusters.up(nodes.scale("demo", count), clock=alibaba_account.clock)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    (pool,) = cluster.pools.values()
    assert (pool.desired, pool.serving) == (1, 1)
    assert pool.request["scaling_group"]["tags"] == [{"key": "clouddeploy/cluster", "value": "demo"}]
    assert alibaba_account.writes().count("CS:ModifyClusterNodePool") == 2


def test_the_pull_add_on_learns_of_the_instance(alibaba_account: AlibabaAccount) -> None:
    up(alibaba_account)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    (addon,) = cluster.addons.values()
    assert json.loads(addon.config)["AcrInstanceInfo"] == [
        {"instanceId": "cri-rehearsal0000000", "regionId": "eu-central-1"}
    ]
    addon.config = "{}"
    assert steps(alibaba_account)[4].state().detail == "incomplete: it does not know the registry instance"
    up(alibaba_account)
    assert "cri-rehearsal0000000" in addon.config


def test_a_cluster_without_a_public_endpoint(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(EXISTING)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    cluster.request = {**cluster.request, "endpoint_public_access": False}
    with pytest.raises(PreconditionError, match="has no public endpoint") as caught:
        alibaba_account.provider().clusters.access("demo")
    assert "EIP" in str(caught.value.fix)


def test_other_clusters_are_named(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(EXISTING)
    with pytest.raises(NotFoundError, match="no ACK cluster dem in eu-central-1") as caught:
        alibaba_account.provider().clusters.access("dem")
    assert str(caught.value.fix).endswith("or name one of: demo")


def test_costs_are_known_where_the_table_knows_them(alibaba_account: AlibabaAccount) -> None:
    provisioner = alibaba_account.provider(region="us-east-1").provisioner
    assert provisioner
    found = {one.kind: one.monthly for one in provisioner.costs(replace(SPEC, ha=True, nodes=3))}
    assert found["control plane"] == Decimal("65.70")
    assert found["3 nodes"] == Decimal("0.0838") * 730 * 3
    assert alibaba_account.cloud.calls == []


def test_the_price_is_that_of_the_nodes_that_are_made(alibaba_account: AlibabaAccount) -> None:
    """The cheapest type is out of stock: once the region was asked, its price is not shown."""
    provisioner = alibaba_account.provider().provisioner
    assert provisioner
    assert provisioner.costs(SPEC)[1].machine == "ecs.e-c1m2.xlarge"
    world = alibaba_account.cloud.world
    world.stock = dict.fromkeys(world.stock, ("ecs.c9i.xlarge", "ecs.g9i.xlarge"))
    provisioner.check(SPEC)
    shown = provisioner.costs(SPEC)[1]
    clusters.up(provisioner.steps(SPEC), clock=alibaba_account.clock)
    (pool,) = alibaba_account.cloud.ack.clusters()[0].pools.values()
    assert [shown.machine] == pool.request["scaling_group"]["instance_types"] == ["ecs.c9i.xlarge"]
    assert shown.monthly == Decimal("0.1463") * 730 * 2


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("ecs.c9i.xlarge", Machine(4, 8, "ecs.c9i.xlarge")),
        ("ecs.g8a.2xlarge", Machine(8, 32, "ecs.g8a.2xlarge")),
        ("ecs.u1-c1m4.large", Machine(2, 8, "ecs.u1-c1m4.large")),
        ("ecs.r7.16xlarge", Machine(64, 512, "ecs.r7.16xlarge")),
        ("ecs.t6-c1m2.large", None),  # burstable
        ("ecs.g8y.xlarge", None),  # ARM
        ("ecs.gn7i-c8g1.2xlarge", None),  # a GPU
        ("rds.c1.large", None),
    ],
)
def test_a_name_says_the_size(name: str, machine: Machine | None) -> None:
    assert Machine.parse(name) == machine


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (SPEC, "ecs.e-c1m2.xlarge"),
        (replace(SPEC, memory_gib=16), "ecs.g9i.xlarge"),
        (replace(SPEC, cpus=8), "ecs.c9i.2xlarge"),
        (replace(SPEC, cpus=1, memory_gib=1), "ecs.e-c1m2.xlarge"),
    ],
)
def test_the_smallest_that_fits_and_of_those_the_cheapest(spec: ClusterSpec, name: str) -> None:
    offered = ["ecs.c9i.xlarge", "ecs.e-c1m2.xlarge", "ecs.g9i.xlarge", "ecs.c9i.2xlarge", "ecs.c9i.large"]
    assert choose(offered, spec, ["ecs.e-c1m2.xlarge"]) == name
