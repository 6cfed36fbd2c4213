"""What `cluster create` and `deploy --dry-run` say a cluster costs is what `compare` says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from clouddeploy import plugins
from clouddeploy.contract import ClusterSpec, Cost, TargetSettings
from clouddeploy.prices.advise import by_kind
from clouddeploy.prices.bill import cents
from clouddeploy.prices.clouds import CLOUDS
from clouddeploy.prices.compare import compare
from clouddeploy.prices.demand import Demand, Wishes
from clouddeploy.prices.estimate import Estimate, Shape, estimate, shape_of
from clouddeploy.prices.packing import Pod
from tests.prices.reference import APP, CATALOG, CHEAP, compared, offers

REGIONS = {"aws": "us-east-1", "gcp": "us-east1", "digitalocean": "nyc1", "alibaba": "us-east-1"}
SPEC = ClusterSpec("shop")
SMALL = Demand("small", (Pod(200, 256, "web"),) * 3, load_balancers=1, repositories=1, registry_gb=Decimal(1))


def target(provider: str, region: str, spec: ClusterSpec) -> TargetSettings:
    """With ACR's free edition, as the comparison counts it."""
    return TargetSettings("prod", provider, spec, region=region, registry={"edition": "personal"})


def test_a_target_without_an_edition_pays_for_acrs_enterprise_instance() -> None:
    free = target("alibaba", "us-east-1", SPEC)
    shape = Shape("ecs.c9i.large", 2)
    bills = [estimate(one, shape, APP, CATALOG) for one in (free, replace(free, registry={}))]
    registries = [line for bill in bills if bill for line in bill.lines if line.charge.kind == "registry"]
    assert [(one.charge.title, one.monthly) for one in registries] == [
        ("ACR Personal", 0),
        ("ACR Enterprise Basic", 146),
    ]


def estimated(cloud: str, shape: Shape, spec: ClusterSpec = SPEC, demand: Demand = APP) -> Estimate:
    found = estimate(target(cloud, REGIONS[cloud], spec), shape, demand, CATALOG)
    assert found
    return found


@pytest.mark.parametrize("cloud", ["gcp", "digitalocean", "alibaba"])
def test_the_same_nodes_cost_the_same_in_both(cloud: str) -> None:
    offer = offers(compared(surge=False, machines=CHEAP))[cloud]
    shape = Shape(CHEAP[cloud], len(offer.packing.nodes), 50)
    found = estimated(cloud, shape)
    assert str(found.total) == str(offer.total)
    assert [line.monthly for line in found.lines] == [line.monthly for line in offer.lines]


def test_eks_auto_mode_costs_the_same_in_both() -> None:
    both = compare(APP, Wishes(region="us-east-1", auto=True), CATALOG)
    offer, found = offers(both)["aws"], estimated("aws", Shape())
    assert str(found.total) == str(offer.total)
    assert [line.monthly for line in found.lines] == [line.monthly for line in offer.lines]
    (disk,) = [line for line in offer.lines if line.charge.kind == "node disks"]
    assert disk.quantity == 80 * len(offer.packing.nodes)


def test_a_provider_that_says_no_disk_gets_the_comparisons() -> None:
    shape = Shape("e2-standard-2", 3)
    assert estimated("gcp", shape).lines == estimated("gcp", replace(shape, disk_gib=50)).lines


def test_auto_mode_takes_no_burstable_machines_and_adds_its_fee() -> None:
    offer = offers(compared(auto=True))["aws"]
    assert offer.machine.name[0] in "cmr"
    node, fee = (line for line in offer.lines if line.charge.kind == "nodes")
    assert node.monthly
    assert fee.monthly == node.monthly * Decimal("0.12")


@pytest.mark.parametrize(
    ("name", "cpus", "arch", "taken"),
    [
        ("m5.large", 2, "amd64", True),
        ("c7i-flex.large", 2, "amd64", True),
        ("r10z.large", 2, "amd64", True),
        ("m4.large", 2, "amd64", False),
        ("c6g.large", 2, "arm64", False),
        ("c7a.medium", 1, "amd64", False),
        ("mac1.large", 2, "amd64", False),
        ("t3.large", 2, "amd64", False),
    ],
)
def test_auto_mode_takes_what_its_general_purpose_pool_takes(
    name: str, cpus: int, arch: str, taken: bool
) -> None:
    aws = next(cloud for cloud in CLOUDS if cloud.name == "aws")
    one = next(machine for machine in CATALOG.machines("aws", "us-east-1") if machine.name == "c7i.large")
    assert aws.auto
    assert aws.auto(replace(one, row=replace(one.row, sku=name), cpus=cpus, arch=arch)) is taken


def test_autopilot_bills_pods_in_the_region_whose_prices_are_known() -> None:
    found = estimate(target("gcp", "asia-northeast3", SPEC), Shape(), APP, CATALOG)
    assert found
    nodes = [line for line in found.lines if line.charge.kind == "nodes"]
    assert [str(cents(line.monthly or Decimal(0))) for line in nodes] == ["187.57", "23.07"]
    elsewhere = estimated("gcp", Shape())
    assert elsewhere.total.unknown == 2


def test_pods_that_do_not_fit_on_the_nodes_are_said() -> None:
    found = estimated("digitalocean", Shape("s-2vcpu-4gb", 2))
    assert "the app needs 4 x s-2vcpu-4gb, this cluster has 2" in found.notes
    assert found.nodes == "2 x s-2vcpu-4gb"
    assert "a pod is larger than a s-1vcpu-2gb" in estimated("digitalocean", Shape("s-1vcpu-2gb", 2)).notes


def test_a_redundant_control_plane_and_an_old_version_cost_more() -> None:
    shape = Shape("s-2vcpu-4gb", 4)
    plain, ha = estimated("digitalocean", shape), estimated("digitalocean", shape, replace(SPEC, ha=True))
    assert ha.total.known - plain.total.known == 40
    old = estimated("aws", Shape(), replace(SPEC, version="1.33"))
    assert old.total.known - estimated("aws", Shape()).total.known == 365


def test_a_cloud_a_region_or_a_machine_without_prices_has_no_estimate() -> None:
    assert estimate(target("zeta", "us", SPEC), Shape(), APP, CATALOG) is None
    assert estimate(target("aws", "us-gov-west-1", SPEC), Shape(), APP, CATALOG) is None
    assert estimate(target("gcp", "us-east1", SPEC), Shape("e9-huge", 1), APP, CATALOG) is None


@pytest.mark.parametrize(
    ("cloud", "target", "spec", "shape"),
    [
        ("digitalocean", {}, SPEC, Shape("s-2vcpu-4gb", 2)),
        ("gcp", {"account": "acme-prod"}, SPEC, Shape()),
        ("gcp", {"account": "acme-prod"}, replace(SPEC, nodes=4), Shape("e2-standard-2", 4, 50)),
        ("alibaba", {}, replace(SPEC, nodes=3), Shape("ecs.e-c1m2.xlarge", 3, 40)),
        ("aws", {}, SPEC, Shape()),
    ],
)
def test_providers_say_which_nodes_they_would_make(
    cloud: str, target: dict[str, str], spec: ClusterSpec, shape: Shape
) -> None:
    settings = TargetSettings(cloud, cloud, spec, region=REGIONS[cloud], **target)  # type: ignore[arg-type]
    maker = plugins.connect(settings).provisioner
    assert maker
    assert shape_of(maker.costs(spec)) == shape


@pytest.mark.parametrize(
    ("cloud", "machine"),
    [
        ("digitalocean", "s-1vcpu-2gb"), ("digitalocean", "s-2vcpu-2gb"), ("digitalocean", "s-2vcpu-4gb-amd"),
        ("digitalocean", "c-4"), ("digitalocean", "m-2vcpu-16gb"), ("digitalocean", "g-4vcpu-16gb"),
        ("gcp", "e2-small"), ("gcp", "e2-standard-4"), ("gcp", "n2d-standard-2"), ("gcp", "n4-standard-4"),
        ("alibaba", "ecs.e-c1m2.xlarge"), ("alibaba", "ecs.c9i.xlarge"), ("alibaba", "ecs.t6-c1m4.xlarge"),
    ],
)  # fmt: skip
def test_the_providers_own_figures_are_the_catalogues(cloud: str, machine: str) -> None:
    spec = replace(SPEC, machine=machine, nodes=3)
    account = "acme-prod" if cloud == "gcp" else None
    settings = TargetSettings(cloud, cloud, spec, account=account, region=REGIONS[cloud])
    maker = plugins.connect(settings).provisioner
    assert maker
    theirs = next(cost for cost in maker.costs(spec) if cost.machine)
    ours = next(line for line in estimated(cloud, shape_of([theirs])).lines if line.charge.kind == "nodes")
    assert theirs.monthly is not None
    assert ours.monthly is not None
    assert cents(theirs.monthly) == cents(ours.monthly)


def test_costs_without_a_machine_leave_the_nodes_to_the_cloud() -> None:
    assert shape_of([Cost("control plane", Decimal(73))]) == Shape()


def test_only_what_is_asked_for_is_billed() -> None:
    found = offers(compare(SMALL, Wishes(), CATALOG))["digitalocean"]
    assert set(by_kind(found)) == {
        "control plane",
        "nodes",
        "volumes",
        "load balancers",
        "registry",
        "egress",
    }


@pytest.mark.parametrize(("version", "said"), [(None, False), ("1.36", False), ("1.34.9", True)])
def test_only_the_version_that_is_made_is_said_to_leave_support(version: str | None, said: bool) -> None:
    found = estimate(
        target("aws", "eu-central-1", ClusterSpec("shop", version=version)), Shape(), APP, CATALOG
    )
    assert found
    assert any("1.34" in note for note in found.notes) is said
