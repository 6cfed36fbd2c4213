"""What a cluster is made of, what is refused before anything is made, and what goes with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from clouddeploy.clusters import Action, down, plan_down, plan_up, up
from clouddeploy.contract import ClusterSpec, Nodes, Provisioner, State, Status, Step
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    ForeignResourceError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_digitalocean import connect
from moto_fixtures.digitalocean import (
    AT_ITS_QUOTA,
    EXISTING,
    FOREIGN_CLUSTER,
    FOREIGN_VPC,
    LOCKED,
    WITH_LEFTOVERS,
    WITH_SERVICES,
    DigitalOceanAccount,
    EmulatedClock,
    Seed,
)


def provisioner(account: DigitalOceanAccount, **settings: Any) -> Provisioner:
    found = connect(account.target(**settings)).provisioner
    assert found
    return found


def nodes(account: DigitalOceanAccount) -> Nodes:
    found = connect(account.target()).nodes
    assert found
    return found


def steps(account: DigitalOceanAccount, name: str = "demo", **spec: Any) -> Sequence[Step]:
    return provisioner(account).steps(ClusterSpec(name, **spec))


def make(account: DigitalOceanAccount, name: str = "demo", **spec: Any) -> Any:
    up(steps(account, name, **spec), clock=account.clock)
    return next(one for one in account.cloud.kubernetes.clusters.values() if one.name == name)


class Slower(EmulatedClock):
    """Emulated time as it is: no faster than the engine waits."""

    def sleep(self, seconds: float, /) -> None:
        time.sleep(0.0005)
        self.cloud.clock.advance(seconds)


def test_nobody_s_wish_is_the_cheapest_that_works(do_account: DigitalOceanAccount) -> None:
    cluster = make(do_account)
    (pool,) = cluster.pools
    assert (cluster.version, pool.size, len(pool.nodes), cluster.ha) == (
        "1.36.1-do.0",
        "s-2vcpu-4gb",
        2,
        False,
    )
    assert cluster.switches == {"auto_upgrade": False, "surge_upgrade": True, "isolated_workers": False}
    assert cluster.tags == ["clouddeploy:demo"]
    assert cluster.registries == ["acme"]
    vpc = do_account.cloud.network.vpcs[cluster.vpc]
    assert (vpc.name, vpc.default) == ("clouddeploy-demo", False)
    assert vpc.description == f"clouddeploy:demo k8s:{cluster.id}"


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        ({"cpus": 3}, "s-4vcpu-8gb"),
        ({"cpus": 1, "memory_gib": 1}, "s-1vcpu-2gb"),
        ({"memory_gib": 5}, "s-2vcpu-8gb-amd"),
        ({"cpus": 4, "memory_gib": 16}, "s-4vcpu-16gb-amd"),
        ({"machine": "g-4vcpu-16gb"}, "g-4vcpu-16gb"),
    ],
)
def test_the_cheapest_size_that_is_large_enough(
    spec: dict[str, Any], size: str, do_account: DigitalOceanAccount
) -> None:
    assert make(do_account, **spec).pools[0].size == size


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("1.35", "1.35.4-do.0"),
        ("1.35.3", "1.35.3-do.1"),
        ("1.34.7-do.0", "1.34.7-do.0"),
        (None, "1.36.1-do.0"),
    ],
)
def test_a_version_is_a_minor_or_exact(
    wanted: str | None, version: str, do_account: DigitalOceanAccount
) -> None:
    assert make(do_account, version=wanted).version == version


@pytest.mark.parametrize(
    ("spec", "said", "fix"),
    [
        ({"version": "1.33"}, "does not offer Kubernetes 1.33", "did you mean 1.3"),
        ({"version": "2"}, "does not offer Kubernetes 2", "versions: 1.36, 1.35, 1.34"),
        ({"machine": "s-2vcpu-4g"}, "no node size s-2vcpu-4g in fra1", "did you mean s-2vcpu-4gb?"),
        ({"machine": "s-1vcpu-1gb"}, "no node size s-1vcpu-1gb", "sizes: "),
        ({"cpus": 999}, "no node of 999 vCPU and 4 GiB in fra1", "more of them"),
        ({"nodes": 0}, "needs at least 1 node", "nodes: 1"),
    ],
)
def test_what_is_not_offered_is_refused_before_anything_is_made(
    spec: dict[str, Any], said: str, fix: str, do_account: DigitalOceanAccount
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        make(do_account, **spec)
    assert fix in str(caught.value.fix)
    assert do_account.writes() == []


def test_a_range_that_another_vpc_has_just_taken_is_tried_again(do_account: DigitalOceanAccount) -> None:
    do_account.cloud.faults.fail(
        422,
        match=lambda request: request.method == "POST" and request.path == "/v2/vpcs",
        body='{"id": "unprocessable_entity", "message": "This range/size overlaps with another VPC network"}',
    )
    assert make(do_account).vpc in do_account.cloud.network.vpcs


def test_a_region_that_doks_does_not_have(do_account: DigitalOceanAccount) -> None:
    with pytest.raises(ConfigError, match="not offered in the region fra2") as caught:
        up(provisioner(do_account, region="fra2").steps(ClusterSpec("demo")), clock=do_account.clock)
    assert "did you mean fra1?" in str(caught.value.fix)


def test_a_size_that_only_other_regions_have(do_account: DigitalOceanAccount) -> None:
    with pytest.raises(ConfigError, match="no node size c-2 in sfo2"):
        up(
            provisioner(do_account, region="sfo2").steps(ClusterSpec("demo", machine="c-2")),
            clock=do_account.clock,
        )


def test_the_droplet_limit_is_counted_first(do_account: DigitalOceanAccount) -> None:
    do_account.plant(AT_ITS_QUOTA)
    with pytest.raises(
        PreconditionError, match="2 nodes do not fit: the account's Droplet limit is 3"
    ) as caught:
        make(do_account)
    assert "raise the Droplet limit" in str(caught.value.fix)
    assert do_account.writes() == []


def test_droplets_that_are_no_nodes_are_named_by_digitalocean(do_account: DigitalOceanAccount) -> None:
    message = "validation error: 2 additional nodes but not enough available droplet limit"
    do_account.cloud.faults.fail(
        422,
        match=lambda request: request.method == "POST" and request.path == "/v2/kubernetes/clusters",
        body=f'{{"id": "unprocessable_entity", "message": "{message}"}}',
    )
    with pytest.raises(PreconditionError, match="not enough available droplet limit"):
        make(do_account)


def test_a_locked_account_makes_nothing(do_account: DigitalOceanAccount) -> None:
    do_account.plant(LOCKED)
    do_account.cloud.account.status = "locked"
    with pytest.raises(PreconditionError, match="the DigitalOcean account is locked") as caught:
        make(do_account)
    assert "billing" in str(caught.value.fix)
    assert do_account.writes() == []


@pytest.mark.parametrize(
    ("seed", "registry", "said"),
    [
        (Seed(), {"name": "taken"}, "the registry name taken is taken by another DigitalOcean account"),
        (Seed(registries=("other",)), {"name": "acme", "tier": "basic"}, "the plan Basic holds 1 registry"),
    ],
)
def test_a_registry_that_cannot_be_made_is_found_before_anything_is_billed(
    seed: Seed, registry: dict[str, str], said: str, do_account: DigitalOceanAccount
) -> None:
    do_account.plant(seed)
    with pytest.raises(PreconditionError, match=said):
        up(provisioner(do_account, registry=registry).steps(ClusterSpec("demo")), clock=do_account.clock)
    assert do_account.writes() == []


def test_several_registries_and_no_name_are_asked_about_before_anything_is_billed(
    do_account: DigitalOceanAccount,
) -> None:
    do_account.plant(Seed(registries=("acme", "beta"), tier="professional"))
    with pytest.raises(ConfigError, match="the account has 2 registries"):
        up(provisioner(do_account, registry={}).steps(ClusterSpec("demo")), clock=do_account.clock)
    assert do_account.writes() == []


def test_a_missing_scope_is_named(do_account: DigitalOceanAccount) -> None:
    do_account.cloud.account.scopes -= {"vpc:create"}
    with pytest.raises(CredentialsError, match="could not create the VPC") as caught:
        make(do_account)
    assert "vpc:create" in str(caught.value.fix)


def test_a_cluster_of_ours_is_not_taken_for_another_s_by_a_token_that_sees_no_tags(
    do_account: DigitalOceanAccount,
) -> None:
    do_account.plant(EXISTING)
    do_account.cloud.account.scopes -= {"tag:read"}
    with pytest.raises(CredentialsError, match="may not see the tags of the DOKS cluster demo") as caught:
        down(steps(do_account), clock=do_account.clock)
    assert "allows tag:read" in str(caught.value.fix)
    assert do_account.writes() == []


def test_the_second_cluster_of_a_region_makes_no_second_default_vpc(do_account: DigitalOceanAccount) -> None:
    make(do_account)
    make(do_account, "other")
    assert do_account.inventory()["vpcs"] == [
        ("clouddeploy-demo", "fra1", False),
        ("clouddeploy-other", "fra1", False),
        ("default-fra1", "fra1", True),
    ]


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (FOREIGN_CLUSTER, "the DOKS cluster demo exists but does not carry clouddeploy:demo"),
        (FOREIGN_VPC, "the VPC clouddeploy-demo exists but does not carry clouddeploy:demo"),
    ],
)
def test_what_is_not_ours_is_never_touched(seed: Seed, said: str, do_account: DigitalOceanAccount) -> None:
    do_account.plant(seed)
    for run in (up, down):
        with pytest.raises(ForeignResourceError, match=said):
            run(steps(do_account), clock=do_account.clock)
    assert do_account.writes() == []


def test_a_cluster_does_not_move(do_account: DigitalOceanAccount) -> None:
    make(do_account)
    with pytest.raises(ConfigError, match="demo was made in fra1, target prod says nyc1") as caught:
        up(provisioner(do_account, region="nyc1").steps(ClusterSpec("demo")), clock=do_account.clock)
    assert "set region: fra1" in str(caught.value.fix)


def test_deleting_says_what_goes_along_and_takes_it(do_account: DigitalOceanAccount) -> None:
    do_account.plant(WITH_SERVICES)
    do_account.cloud.docr.plant(("acme",), "basic")
    planned = next(one for one in plan_down(steps(do_account)) if one.title.startswith("control plane"))
    assert planned.action is Action.DELETE
    assert "deleting it also deletes the load balancer a" in planned.state.detail
    assert "the volume pvc-" in planned.state.detail
    do_account.plant(Seed(clusters={"other": []}, services=True))
    down(steps(do_account), clock=do_account.clock)
    assert [kind for kind, _, _ in do_account.cloud.ledger()] == ["cluster", "load balancer", "volume"]


def test_a_cluster_that_is_still_being_made_can_be_deleted(do_account: DigitalOceanAccount) -> None:
    with pytest.raises(TemporaryError):
        up(steps(do_account), clock=do_account.clock, timeout=30)
    assert plan_up(steps(do_account))[-1].state == State(Status.PENDING, "waits for the cluster")
    down(steps(do_account), clock=do_account.clock)
    assert do_account.cloud.ledger() == []


def test_what_a_controller_deletes_at_the_same_moment_is_no_obstacle(do_account: DigitalOceanAccount) -> None:
    do_account.plant(WITH_SERVICES)
    do_account.cloud.faults.before(
        1,
        lambda _: do_account.cloud.network.volumes.clear(),
        lambda request: request.method == "DELETE" and request.path.endswith("/selective"),
    )
    down(steps(do_account), clock=do_account.clock)
    assert do_account.cloud.ledger() == []


def test_a_deletion_that_is_refused_for_another_reason_is_not_tried_for_ever(
    do_account: DigitalOceanAccount,
) -> None:
    do_account.plant(WITH_SERVICES)
    do_account.cloud.faults.fail(
        422,
        99,
        match=lambda request: request.method == "DELETE" and request.path.endswith("/selective"),
        body='{"id": "unprocessable_entity", "message": "no"}',
    )
    with pytest.raises(ConfigError, match="could not delete the cluster demo: no"):
        down(steps(do_account), clock=do_account.clock)


def test_a_tag_that_was_first_written_in_other_letters_is_ours_too(do_account: DigitalOceanAccount) -> None:
    """The capitalization that a tag is first made with is canonical: `tags` of digitalocean/openapi."""
    pool = {"name": "workers", "size": "s-2vcpu-4gb", "count": 1, "tags": ["CloudDeploy:Demo"]}
    do_account.cloud.kubernetes.plant(
        {"name": "other", "region": "fra1", "version": "1.36", "node_pools": [pool]}
    )
    cluster = make(do_account)
    assert cluster.tags == ["CloudDeploy:Demo"]
    down(steps(do_account), clock=do_account.clock)
    assert [one.name for one in do_account.cloud.kubernetes.clusters.values()] == ["other"]


def test_a_failed_cluster_is_not_waited_for_and_can_be_deleted(do_account: DigitalOceanAccount) -> None:
    do_account.cloud.kubernetes.failing = "could not allocate nodes"
    with pytest.raises(CloudDeployError, match="could not allocate nodes") as caught:
        make(do_account)
    assert "cluster delete" in str(caught.value.fix)
    down(steps(do_account), clock=do_account.clock)
    assert do_account.cloud.ledger() == []


def test_leftovers_are_found_when_the_cluster_is_long_gone(do_account: DigitalOceanAccount) -> None:
    do_account.plant(WITH_LEFTOVERS)
    balancer, volume = provisioner(do_account).leftovers("demo")
    assert (balancer.kind, balancer.monthly) == ("load balancer", Decimal(12))
    assert (volume.kind, volume.monthly) == ("volume", Decimal("1.00"))
    assert "10 GiB" in volume.detail
    assert provisioner(do_account).leftovers("other") == []
    # While they are there the VPC stays, and says why.
    with pytest.raises(TemporaryError, match=r"the volume pvc-.* is still there") as caught:
        steps(do_account)[0].delete()
    assert "doctl compute volume delete" in str(caught.value.fix)
    do_account.cloud.network.volumes.clear()
    with pytest.raises(TemporaryError, match=r"the VPC clouddeploy-demo still holds a\w+"):
        steps(do_account)[0].delete()


def test_a_vpc_that_may_not_be_deleted_names_the_scope(do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(vpcs={"clouddeploy-demo": "clouddeploy:demo"}))
    do_account.cloud.account.scopes -= {"vpc:delete"}
    with pytest.raises(CredentialsError) as caught:
        steps(do_account)[0].delete()
    assert "vpc:delete" in str(caught.value.fix)


@pytest.mark.parametrize("lost", [False, True])
def test_a_list_that_lags_behind_makes_no_twin(lost: bool, do_account: DigitalOceanAccount) -> None:
    do_account.cloud.kubernetes.list_lag = 8
    if lost:
        do_account.cloud.faults.lose_reply(
            lambda request: request.method == "POST" and request.path == "/v2/kubernetes/clusters"
        )
    up(steps(do_account), clock=Slower(do_account.cloud))
    assert len(do_account.cloud.kubernetes.clusters) == 1


def test_a_twin_that_somebody_made_is_deleted_too(do_account: DigitalOceanAccount) -> None:
    make(do_account)
    pool = {"name": "workers", "size": "s-2vcpu-4gb", "count": 1}
    do_account.cloud.kubernetes.plant(
        {
            "name": "demo",
            "region": "fra1",
            "version": "1.36",
            "tags": ["clouddeploy:demo"],
            "node_pools": [pool],
        }
    )
    down(steps(do_account), clock=do_account.clock)
    assert do_account.cloud.ledger() == []


def test_more_nodes_and_fewer(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    for count in (4, 1):
        up(nodes(do_account).scale("demo", count), clock=do_account.clock)
        (cluster,) = do_account.cloud.kubernetes.clusters.values()
        assert [len(pool.nodes) for pool in cluster.pools] == [count]
    before = do_account.writes()
    up(nodes(do_account).scale("demo", 1), clock=do_account.clock)
    assert do_account.writes() == before == ["kubernetes.update_node_pool"] * 2


def test_new_nodes_are_waited_for(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    (step,) = nodes(do_account).scale("demo", 3)
    assert step.state() == State(Status.ABSENT, "incomplete: 2 nodes")
    step.create()
    assert step.state() == State(Status.PENDING, "2 of 3 nodes run")
    do_account.cloud.clock.advance(100)
    assert step.state() == State(Status.READY, "3 of 3 nodes run")


@pytest.mark.parametrize(
    ("seed", "count", "expected", "said"),
    [
        (EXISTING, 0, ConfigError, "at least 1 node"),
        (
            EXISTING,
            99,
            PreconditionError,
            "97 more nodes do not fit: the account's Droplet limit is 25 and 2",
        ),
        (FOREIGN_CLUSTER, 3, ForeignResourceError, "does not carry clouddeploy:demo"),
        (Seed(), 3, NotFoundError, "there is no DOKS cluster demo"),
    ],
)
def test_nodes_that_cannot_be_had(
    seed: Seed, count: int, expected: type[Exception], said: str, do_account: DigitalOceanAccount
) -> None:
    do_account.plant(seed)
    with pytest.raises(expected, match=said):
        up(nodes(do_account).scale("demo", count), clock=do_account.clock)
    assert do_account.writes() == []


def upgrade(account: DigitalOceanAccount, version: str | None) -> str:
    up(provisioner(account).upgrade("demo", version), clock=account.clock)
    return str(next(iter(account.cloud.kubernetes.clusters.values())).version)


def test_upgrades_go_to_what_is_offered(do_account: DigitalOceanAccount) -> None:
    make(do_account, version="1.35.3")
    assert upgrade(do_account, None) == "1.35.4-do.0"
    assert upgrade(do_account, "1.35") == "1.35.4-do.0"  # is there
    assert upgrade(do_account, "1.36") == "1.36.1-do.0"
    assert upgrade(do_account, None) == "1.36.1-do.0"  # nothing newer
    assert do_account.writes().count("kubernetes.upgrade_cluster") == 2


def test_an_upgrade_that_is_not_offered(do_account: DigitalOceanAccount) -> None:
    make(do_account, version="1.34")
    with pytest.raises(ConfigError, match=r"no upgrade of demo from 1\.34\.7-do\.0 to 1\.36") as caught:
        provisioner(do_account).upgrade("demo", "1.36")
    assert "offered: 1.35; it goes one minor at a time" in str(caught.value.fix)


def test_two_upgrades_do_not_meet(do_account: DigitalOceanAccount) -> None:
    make(do_account, version="1.34")
    (step,) = provisioner(do_account).upgrade("demo", None)
    step.create()
    assert step.state().status is Status.PENDING
    with pytest.raises(TemporaryError, match="is being upgraded"):
        step.create()


def test_costs_ask_nobody(do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIGITALOCEAN_TOKEN")
    monkeypatch.delenv("DIGITALOCEAN_ACCESS_TOKEN")
    found = provisioner(do_account)

    def priced(**spec: Any) -> dict[str, Decimal | None]:
        return {one.kind: one.monthly for one in found.costs(ClusterSpec("demo", **spec))}

    assert priced() == {
        "control plane": Decimal(0),
        "nodes": Decimal(48),
        "registry plan": Decimal(5),
        "load balancer": Decimal(12),
    }
    assert priced(ha=True, nodes=3, cpus=4)["control plane"] == 40
    assert priced(nodes=3, cpus=4)["nodes"] == 144
    assert priced(machine="brand-new")["nodes"] is None
    assert priced(cpus=999)["nodes"] is None
    assert do_account.cloud.calls == []
