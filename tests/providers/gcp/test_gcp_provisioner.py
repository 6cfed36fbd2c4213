"""Clusters made, changed and deleted through the engine: what is asked for, what is refused, what is left."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from clouddeploy.clusters import Action, down, plan_down, plan_up, up
from clouddeploy.contract import ClusterSpec, Status
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    ForeignResourceError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_gcp import connect
from clouddeploy_gcp.emulator.records import Failure
from moto_fixtures.gcp import (
    AT_QUOTA,
    EXISTING,
    FOREIGN_CLUSTER,
    FOREIGN_REPOSITORY,
    FRESH,
    LABEL,
    LEFTOVERS,
    NO_APIS,
    REGION,
    ZONE,
    GcpAccount,
    Seed,
)
from tests.providers.gcp.life import make, provisioner, remove, steps

SMALL = ClusterSpec("demo", nodes=1)


def cluster(account: GcpAccount, place: str = ZONE, name: str = "demo") -> Any:
    """The cluster's message."""
    return account.cloud.gke.record(place, name).message


def test_without_a_word_about_nodes_it_is_autopilot(gcp_account: GcpAccount) -> None:
    make(gcp_account, ClusterSpec("demo"))
    made = cluster(gcp_account, REGION)
    assert made.autopilot.enabled
    assert made.release_channel.channel == 2  # REGULAR
    assert made.initial_cluster_version == "1.33.5-gke.1308000"
    assert dict(made.resource_labels) == {LABEL: "demo"}
    assert list(made.autoscaling.autoprovisioning_node_pool_defaults.oauth_scopes) == [
        "https://www.googleapis.com/auth/cloud-platform"
    ]
    assert not made.node_pools


def test_nodes_are_in_one_zone_and_written_out(gcp_account: GcpAccount) -> None:
    make(gcp_account, ClusterSpec("demo", nodes=2))
    made = cluster(gcp_account)
    (pool,) = made.node_pools
    assert (list(made.locations), list(pool.locations), pool.initial_node_count) == ([ZONE], [ZONE], 2)
    config = pool.config
    assert (config.machine_type, config.disk_type, config.disk_size_gb) == (
        "e2-standard-2",
        "pd-balanced",
        50,
    )
    assert (config.service_account, config.image_type) == ("default", "COS_CONTAINERD")
    assert dict(config.resource_labels) == {LABEL: "demo"}
    assert (pool.management.auto_repair, pool.management.auto_upgrade) == (True, True)
    assert made.workload_identity_config.workload_pool == "acme-shop.svc.id.goog"
    assert made.monitoring_config.managed_prometheus_config.enabled is False


@pytest.mark.parametrize(
    ("nodes", "zones", "in_each"), [(None, 3, 1), (3, 3, 1), (6, 3, 2), (4, 2, 2), (5, 1, 5), (1, 1, 1)]
)
def test_with_ha_exactly_the_wanted_nodes_are_spread_over_zones(
    gcp_account: GcpAccount, nodes: int | None, zones: int, in_each: int
) -> None:
    make(gcp_account, ClusterSpec("demo", nodes=nodes, cpus=2, ha=True))
    (pool,) = cluster(gcp_account, REGION).node_pools
    assert (len(pool.locations), pool.initial_node_count) == (zones, in_each)
    kinds = [kind for kind, _, _ in gcp_account.cloud.ledger()]
    assert kinds.count("node") == (nodes or 3)


@pytest.mark.parametrize(
    ("spec", "machine"),
    [
        ({"nodes": 1}, "e2-standard-2"),
        ({"cpus": 2, "memory_gib": 2}, "e2-highcpu-2"),
        ({"cpus": 2, "memory_gib": 9}, "e2-highmem-2"),
        ({"cpus": 3}, "e2-highcpu-4"),
        ({"memory_gib": 60}, "e2-standard-16"),
        ({"machine": "e2-medium"}, "e2-medium"),
        ({"machine": "n2d-standard-2"}, "n2d-standard-2"),
    ],
)
def test_the_smallest_machine_type_that_fits(
    gcp_account: GcpAccount, spec: dict[str, Any], machine: str
) -> None:
    make(gcp_account, ClusterSpec("demo", **{"nodes": 1, **spec}))
    assert cluster(gcp_account).node_pools[0].config.machine_type == machine


def test_a_machine_of_a_new_family_gets_the_disk_that_it_takes(gcp_account: GcpAccount) -> None:
    make(gcp_account, ClusterSpec("demo", nodes=1, machine="n4-standard-2"))
    assert cluster(gcp_account).node_pools[0].config.disk_type == "hyperdisk-balanced"


@pytest.mark.parametrize(
    ("spec", "settings", "message", "fix"),
    [
        ({"machine": "e2-standrd-2"}, {}, "e2-standrd-2 is not offered", "use e2-standard-2"),
        ({"machine": "t2a-standard-2"}, {}, "is ARM64", "x86"),
        ({"cpus": 96}, {}, "no machine type here has 96 vCPUs", "the largest is e2-standard-16"),
        ({"version": "1.99"}, {}, "does not offer Kubernetes 1.99", "use 1.34; offered: 1.32, 1.33, 1.34"),
        ({"version": "1.20"}, {}, "does not offer Kubernetes 1.20", "use 1.32"),
        ({"version": "latest"}, {}, "does not offer Kubernetes latest", "use 1.34"),
        ({}, {"region": "europe-west33"}, "no region europe-west33", "use europe-west3"),
        ({}, {"region": "mars"}, "no region mars", "use one of: africa-south1"),
        ({}, {"region": "europe-west1-a"}, "europe-west1 has no zone europe-west1-a", "use europe-west1-"),
    ],
)
def test_what_google_does_not_offer_is_refused_with_the_nearest(
    gcp_account: GcpAccount, spec: dict[str, Any], settings: dict[str, Any], message: str, fix: str
) -> None:
    settings = {**settings, "registry": {"location": "europe"}}
    with pytest.raises(ConfigError, match=message) as caught:
        make(gcp_account, ClusterSpec("demo", **{"nodes": 1, **spec}), **settings)
    assert fix in str(caught.value.fix)
    assert gcp_account.writes() == []
    assert "cluster" not in [kind for kind, _, _ in gcp_account.cloud.ledger()]


def test_a_zone_that_is_down_is_passed_over(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.compute.down.add(ZONE)
    make(gcp_account, SMALL)
    assert cluster(gcp_account, f"{REGION}-b").node_pools


def test_a_target_may_name_its_zone(gcp_account: GcpAccount) -> None:
    make(gcp_account, SMALL, region=f"{REGION}-c")
    assert cluster(gcp_account, f"{REGION}-c").node_pools
    assert plan_up(steps(gcp_account, SMALL))[-1].action is Action.KEEP


def test_a_quota_that_would_not_do_is_named_before_anything_is_made(gcp_account: GcpAccount) -> None:
    gcp_account.plant(AT_QUOTA)
    with pytest.raises(
        PreconditionError, match="quota for CPUS and IN_USE_ADDRESSES in europe-west3"
    ) as caught:
        make(gcp_account, ClusterSpec("demo", nodes=3))
    assert "CPUS: needs 6, 4 left of 4" in caught.value.message
    assert "iam-admin/quotas" in str(caught.value.fix)
    assert gcp_account.writes() == []


def test_the_quota_of_all_regions_counts_too(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.gke.limits["CPUS_ALL_REGIONS"] = 4
    with pytest.raises(PreconditionError, match="CPUS_ALL_REGIONS"):
        make(gcp_account, ClusterSpec("demo", nodes=3))


def test_a_cluster_that_fails_later_says_why_and_can_be_deleted(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.gke.failures.append(Failure("Insufficient quota: SSD_TOTAL_GB", "GCE_QUOTA_EXCEEDED"))
    with pytest.raises(CloudDeployError, match="Insufficient quota: SSD_TOTAL_GB") as caught:
        make(gcp_account, SMALL)
    assert "delete what is there" in str(caught.value.fix)
    assert connect(gcp_account.target()).clusters.list()[0].state.status is Status.FAILED
    with pytest.raises(PreconditionError, match="is ERROR"):
        connect(gcp_account.target()).clusters.access("demo")
    remove(gcp_account, SMALL)
    assert gcp_account.cloud.ledger() == []


def test_a_cluster_that_was_never_there_says_why(gcp_account: GcpAccount) -> None:
    """An operation that is DONE has not succeeded: its error tells."""
    gcp_account.cloud.gke.failures.append(Failure("the zone is out of e2", "GCE_STOCKOUT", vanish=True))
    with pytest.raises(CloudDeployError, match="the zone is out of e2"):
        make(gcp_account, SMALL)


def test_apis_are_enabled_first_and_stay(gcp_account: GcpAccount) -> None:
    gcp_account.plant(NO_APIS)
    plan = plan_up(steps(gcp_account, SMALL))
    assert [one.action for one in plan] == [Action.CREATE] * 3
    assert plan[0].title.startswith("APIs")
    assert [one.title for one in make(gcp_account, SMALL)] == [one.title for one in plan]
    remove(gcp_account, SMALL)
    assert len(steps(gcp_account, SMALL)) == 2


def test_who_may_not_ask_about_apis_is_not_stopped(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.denied.add("serviceusage.services.get")
    make(gcp_account, SMALL)
    assert connect(gcp_account.target()).clusters.list()


def test_a_missing_permission_is_named(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.denied.add("container.clusters.create")
    with pytest.raises(CredentialsError, match=r"container\.clusters\.create") as caught:
        make(gcp_account, SMALL)
    assert "allow container.clusters.create" in str(caught.value.fix)


def test_another_project_is_refused_before_any_write(gcp_account: GcpAccount) -> None:
    with pytest.raises(CredentialsError, match="not-ours"):
        make(gcp_account, SMALL, account="not-ours")
    assert gcp_account.writes() == []


@pytest.mark.parametrize("seed", [FOREIGN_CLUSTER, FOREIGN_REPOSITORY], ids=["cluster", "repository"])
def test_what_is_not_ours_is_neither_changed_nor_deleted(gcp_account: GcpAccount, seed: Any) -> None:
    gcp_account.plant(seed)
    before = gcp_account.cloud.ledger()
    for run in (make, remove):
        with pytest.raises(ForeignResourceError, match="does not carry the label clouddeploy-cluster=demo"):
            run(gcp_account, SMALL)
    assert gcp_account.cloud.ledger() == before
    assert gcp_account.writes() == []


def test_a_repository_that_the_target_names_is_used_and_stays(gcp_account: GcpAccount) -> None:
    gcp_account.plant(FOREIGN_REPOSITORY)
    registry = {"repository": "demo"}
    make(gcp_account, SMALL, registry=registry)
    remove(gcp_account, SMALL, registry=registry)
    repo = gcp_account.cloud.artifacts.repo(REGION, "demo")
    assert dict(repo.message.labels) == {"team": "other"}
    assert len(repo.readers()) == 1


def test_other_readers_stay(gcp_account: GcpAccount) -> None:
    gcp_account.plant(EXISTING)
    repo = gcp_account.cloud.artifacts.repo(REGION, "demo")
    ann = {"role": "roles/artifactregistry.reader", "members": ["user:ann@example.com"]}
    bob = {"role": "roles/artifactregistry.writer", "members": ["user:bob@example.com"]}
    repo.policy.bindings = [ann, bob]
    make(gcp_account, SMALL)
    assert {"user:ann@example.com", "user:bob@example.com"} < repo.readers()
    assert len(repo.readers()) == 3
    remove(gcp_account, SMALL)
    assert {"user:ann@example.com", "user:bob@example.com"} == repo.readers()


def test_the_nodes_may_pull_what_was_pushed(gcp_account: GcpAccount) -> None:
    from clouddeploy.conformance.images import TinyImage
    from clouddeploy.oci.client import RegistryClient
    from clouddeploy.push import push_image

    make(gcp_account, SMALL)
    registry = connect(gcp_account.target()).registry
    address = registry.address("shop/web")
    with RegistryClient(gcp_account.cloud.host, registry.login) as client:
        push_image(TinyImage(), address, ["v1"], client)
    (kubernetes,) = gcp_account.kubernetes
    assert kubernetes.pull_problem(f"{address}:v1") is None
    assert "not found" in str(kubernetes.pull_problem(f"{address}:v2"))
    gcp_account.cloud.artifacts.repo(REGION, "demo").policy.bindings = []
    assert "403 Forbidden" in str(kubernetes.pull_problem(f"{address}:v1"))


def test_nodes_may_run_as_an_account_of_their_own(gcp_account: GcpAccount) -> None:
    account = "nodes@acme-shop.iam.gserviceaccount.com"
    with pytest.raises(ConfigError, match=f"Service account {account} does not exist"):
        make(gcp_account, SMALL, options={"service_account": account})
    gcp_account.cloud.service_accounts.add(account)
    make(gcp_account, SMALL, options={"service_account": account})
    assert cluster(gcp_account).node_pools[0].config.service_account == account
    assert gcp_account.cloud.artifacts.repo(REGION, "demo").readers() == {f"serviceAccount:{account}"}


def test_a_network_that_is_not_there_is_named(gcp_account: GcpAccount) -> None:
    with pytest.raises(ConfigError, match='network named "mine"'):
        make(gcp_account, SMALL, options={"network": "mine"})
    with pytest.raises(ConfigError, match='Subnetwork "mine" is not valid'):
        make(gcp_account, SMALL, options={"subnetwork": "mine"})


@pytest.mark.parametrize("seed", [NO_APIS, FRESH])
def test_a_project_that_nobody_pays_for_is_named(gcp_account: GcpAccount, seed: Seed) -> None:
    gcp_account.plant(seed)
    gcp_account.cloud.services.billed = False
    with pytest.raises(PreconditionError, match=r"[Bb]illing") as caught:
        make(gcp_account, SMALL)
    assert "console.cloud.google.com/billing" in str(caught.value.fix)
    assert caught.value.exit_code == 5
    assert gcp_account.cloud.ledger() == []


def test_a_cluster_with_images_leaves_them(gcp_account: GcpAccount) -> None:
    from clouddeploy.conformance.images import TinyImage
    from clouddeploy.oci.client import RegistryClient
    from clouddeploy.push import push_image

    make(gcp_account, SMALL)
    registry = connect(gcp_account.target()).registry
    with RegistryClient(gcp_account.cloud.host, registry.login) as client:
        push_image(TinyImage(), registry.address("shop/web"), ["v1"], client)
    remove(gcp_account, SMALL)
    (left,) = provisioner(gcp_account, SMALL).leftovers("demo")
    assert (left.kind, left.monthly) == ("images", Decimal("0.00"))
    assert {one.action for one in plan_down(steps(gcp_account, SMALL))} == {Action.GONE}


def test_deleting_what_is_being_created_waits_for_it(gcp_account: GcpAccount) -> None:
    made = steps(gcp_account, SMALL)
    made[0].create()
    gcp_account.cloud.clock.advance(5)
    made[0].create()
    made[1].create()
    with pytest.raises(TemporaryError, match="incompatible operation") as caught:
        made[1].delete()
    assert "wait until" in str(caught.value.fix)
    down(made, clock=gcp_account.clock)
    assert gcp_account.cloud.ledger() == []


@pytest.mark.parametrize(
    ("account", "named"),
    [
        (None, "PROJECT_NUMBER-compute@developer.gserviceaccount.com"),
        ("nodes@acme-shop.iam.gserviceaccount.com", "nodes@acme-shop.iam.gserviceaccount.com"),
    ],
)
def test_who_may_not_start_nodes_as_an_account_is_told_with_what_it_takes(
    gcp_account: GcpAccount, account: str | None, named: str
) -> None:
    gcp_account.cloud.service_accounts.add("nodes@acme-shop.iam.gserviceaccount.com")
    gcp_account.cloud.denied.add("iam.serviceAccounts.actAs")
    with pytest.raises(CredentialsError, match="does not have access to service account") as caught:
        make(gcp_account, SMALL, options={"service_account": account} if account else {})
    assert f"add-iam-policy-binding {named} " in str(caught.value.fix)
    assert "roles/iam.serviceAccountUser" in str(caught.value.fix)


def test_what_controllers_left_is_found_on_later_days(gcp_account: GcpAccount) -> None:
    gcp_account.plant(LEFTOVERS)
    gcp_account.cloud.compute.plant("disks", "us-east1-b", name="elsewhere", labels={LABEL: "demo"})
    gcp_account.cloud.compute.plant("disks", ZONE, name="others", labels={"goog-k8s-cluster-name": "other"})
    gcp_account.cloud.compute.plant("disks", ZONE, name="used", labels={LABEL: "demo"}, users=["vm"])
    gcp_account.cloud.compute.plant("instances", ZONE, name="node", labels={LABEL: "demo"}, status="RUNNING")
    found = provisioner(gcp_account, SMALL).leftovers("demo")
    assert [(one.kind, one.id, one.monthly) for one in found] == [
        ("load balancer", "a1b2", Decimal("18.25")),
        ("load balancer", "k8s2-fr-k9m2x7q4-default-shop-1a2b3c4d", Decimal("18.25")),
        ("disk", "pvc-1", Decimal("2.40")),
        ("IP address", "demo-ip", Decimal("3.65")),
        ("instance", "node", None),
    ]
    assert provisioner(gcp_account, SMALL).leftovers("demo-2") == []


def test_without_the_compute_api_nothing_can_be_left(gcp_account: GcpAccount) -> None:
    gcp_account.plant(NO_APIS)
    assert provisioner(gcp_account, SMALL).leftovers("demo") == []


def test_an_upgrade_goes_one_minor_version_and_takes_the_nodes_along(gcp_account: GcpAccount) -> None:
    make(gcp_account, ClusterSpec("demo", nodes=1, version="1.32"))
    up(provisioner(gcp_account, SMALL).upgrade("demo", None), clock=gcp_account.clock)
    made = cluster(gcp_account)
    assert made.current_master_version == made.node_pools[0].version == "1.33.5-gke.1308000"
    with pytest.raises(ConfigError, match="goes only forward"):
        provisioner(gcp_account, SMALL).upgrade("demo", "1.32")


def test_two_minor_versions_at_once_are_refused(gcp_account: GcpAccount) -> None:
    make(gcp_account, ClusterSpec("demo", nodes=1, version="1.32"))
    with pytest.raises(ConfigError, match=r"from 1\.32 to 1\.34 is more than one") as caught:
        provisioner(gcp_account, SMALL).upgrade("demo", "1.34")
    assert caught.value.fix == "go to 1.33 first"


def test_the_newest_version_has_no_next(gcp_account: GcpAccount) -> None:
    make(gcp_account, ClusterSpec("demo", nodes=1, version="1.34"))
    gcp_account.cloud.calls.clear()
    up(provisioner(gcp_account, SMALL).upgrade("demo", None), clock=gcp_account.clock)
    assert gcp_account.writes() == []


def test_an_upgrade_that_fails_says_why(gcp_account: GcpAccount) -> None:
    make(gcp_account, ClusterSpec("demo", nodes=1, version="1.32"))
    gcp_account.cloud.gke.failures.append(Failure("a deprecated API is in use", code=9))
    with pytest.raises(CloudDeployError, match="a deprecated API is in use"):
        up(provisioner(gcp_account, SMALL).upgrade("demo", None), clock=gcp_account.clock)


def test_an_upgrade_has_no_way_back(gcp_account: GcpAccount) -> None:
    make(gcp_account, ClusterSpec("demo", nodes=1, version="1.32"))
    for step in provisioner(gcp_account, SMALL).upgrade("demo", None):
        with pytest.raises(ConfigError, match="cannot be taken back"):
            step.delete()


@pytest.mark.parametrize(
    ("spec", "count", "message", "fix"),
    [
        (ClusterSpec("demo"), 3, "Autopilot cluster", "replicas"),
        (SMALL, -1, "-1 nodes are less than none", "0 or more"),
        (ClusterSpec("demo", nodes=3, ha=True), 4, "nodes in 3 zones", "use 3 or 6"),
        (ClusterSpec("demo", nodes=3, ha=True), 2, "nodes in 3 zones", "use 3 or 3"),
    ],
)
def test_a_size_that_cannot_be_is_refused(
    gcp_account: GcpAccount, spec: ClusterSpec, count: int, message: str, fix: str
) -> None:
    make(gcp_account, spec)
    nodes = connect(gcp_account.target()).nodes
    assert nodes
    with pytest.raises(ConfigError, match=message) as caught:
        nodes.scale("demo", count)
    assert fix in str(caught.value.fix)


def test_more_nodes_than_the_quota_has_are_refused(gcp_account: GcpAccount) -> None:
    make(gcp_account, SMALL)
    nodes = connect(gcp_account.target()).nodes
    assert nodes
    with pytest.raises(PreconditionError, match="IN_USE_ADDRESSES: needs 8, 7 left of 8"):
        up(nodes.scale("demo", 9), clock=gcp_account.clock)
    with pytest.raises(NotFoundError, match="no GKE cluster other"):
        nodes.scale("other", 1)


@pytest.mark.parametrize(
    ("spec", "total"),
    [
        (ClusterSpec("demo"), Decimal("73.00")),
        (ClusterSpec("demo", nodes=3), Decimal("291.02")),
        (ClusterSpec("demo", nodes=1, machine="e2-medium"), Decimal("114.16")),
        (ClusterSpec("demo", nodes=1, machine="unheard-of"), Decimal("82.65")),
    ],
)
def test_costs_are_list_prices_and_unknown_ones_are_said(
    gcp_account: GcpAccount, spec: ClusterSpec, total: Decimal
) -> None:
    gcp_account.cloud.calls.clear()
    found = provisioner(gcp_account, spec).costs(spec)
    assert sum(one.monthly for one in found if one.monthly is not None) == total
    assert gcp_account.cloud.calls == []


def test_what_is_predicted_is_what_is_made(gcp_account: GcpAccount) -> None:
    for sizes in ({"nodes": 1}, {"cpus": 4, "nodes": 1}, {"cpus": 2, "memory_gib": 10, "nodes": 1}):
        spec = ClusterSpec("demo", **sizes)
        make(gcp_account, spec)
        machine = cluster(gcp_account).node_pools[0].config.machine_type
        assert machine in provisioner(gcp_account, spec).costs(spec)[1].detail
        remove(gcp_account, spec)


def test_a_cluster_in_another_region_of_the_same_name_is_another(gcp_account: GcpAccount) -> None:
    make(gcp_account, SMALL, region="us-east1")
    assert connect(gcp_account.target()).clusters.list() == []
    make(gcp_account, SMALL)
    remove(gcp_account, SMALL)
    assert [place for kind, place, _ in gcp_account.cloud.ledger() if kind == "cluster"] == [
        "us-east1-b/demo"
    ]
