"""What holds for every comparison, and what it says where it cannot compare."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddeploy.errors import ConfigError
from clouddeploy.prices.advise import advise
from clouddeploy.prices.age import age
from clouddeploy.prices.demand import Demand, scaled
from clouddeploy.prices.packing import Pod
from tests.prices.reference import APP, compared, offers

PODS = st.lists(
    st.builds(Pod, st.integers(1, 1500), st.integers(1, 2000), st.sampled_from(["a", "b", "c"])),
    min_size=1,
    max_size=12,
)


def app(pods: list[Pod]) -> Demand:
    return replace(APP, pods=tuple(pods))


@settings(max_examples=25, deadline=None)
@given(PODS)
def test_more_replicas_are_never_cheaper(pods: list[Pod]) -> None:
    once, twice = offers(compared(app(pods))), offers(compared(scaled(app(pods), 2)))
    for cloud, offer in twice.items():
        assert offer.total.known >= once[cloud].total.known


@settings(max_examples=25, deadline=None)
@given(PODS, st.randoms())
def test_the_order_of_the_services_changes_nothing(pods: list[Pod], chance: random.Random) -> None:
    shuffled = list(pods)
    chance.shuffle(shuffled)
    assert [o.lines for o in offers(compared(app(pods))).values()] == [
        o.lines for o in offers(compared(app(shuffled))).values()
    ]


@pytest.mark.parametrize("region", ["us", "eu", "sg", "seoul", "eu-west-1", "blr1"])
def test_an_unknown_price_is_never_counted_as_zero(region: str) -> None:
    for lane in compared(region=region, private=True).lanes:
        for offer in lane.offers:
            for line in offer.lines:
                unknown = line.charge.price is None and line.quantity
                assert (line.monthly is None) == bool(unknown)
            assert offer.total.unknown == sum(line.monthly is None for line in offer.lines)


def test_every_line_has_a_source() -> None:
    assert all(line.charge.row.source for offer in offers(compared()).values() for line in offer.lines)


def test_a_region_that_a_cloud_does_not_have_is_replaced_by_the_nearest() -> None:
    place = offers(compared(region="seoul"))["digitalocean"].place
    assert (place.region, place.note) == ("sgp1", "no region in seoul: nearest sgp1")


def test_a_region_without_node_prices_names_the_nearest_that_has_some() -> None:
    place = offers(compared(region="seoul"))["alibaba"].place
    assert place.note == "no node price for ap-northeast-2: nearest cn-hongkong"


def test_a_region_that_nobody_has_names_the_nearest_spelling() -> None:
    with pytest.raises(ConfigError, match=r"there is no region eu-wst-1; did you mean eu-west-1\?") as caught:
        compared(region="eu-wst-1")
    assert caught.value.fix == "--region us, eu, sg, seoul, or a cloud's own region"


def test_a_pod_too_large_for_a_cloud_is_named_with_the_smallest_node_that_would_do() -> None:
    found = compared(app([Pod(3000, 20000, "cache")])).lanes[0]
    reasons = {one.cloud.name: one.reason for one in found.unfit}
    assert reasons["gcp"] == (
        "a pod of cache (3000m, 20000Mi) fits on no node; the catalogue has no larger one"
    )


def test_the_other_clouds_are_still_compared() -> None:
    found = compared(app([Pod(1000, 9000, "cache")])).lanes[1]
    reasons = {one.cloud.name: one.reason for one in found.unfit}
    assert reasons["alibaba"] == (
        "a pod of cache (1000m, 9000Mi) fits on no node; "
        "the smallest that would do is ecs.t6-c1m4.xlarge (4 vCPU, 16 GiB, amd64)"
    )
    assert {offer.cloud.name for offer in found.offers} == {"aws", "gcp", "digitalocean"}


def test_the_smallest_node_that_would_do_may_be_of_another_kind() -> None:
    found = compared(app([Pod(1000, 9000, "cache")]), machines={"gcp": "e2-medium"}).lanes[0]
    assert {one.cloud.name: one.reason for one in found.unfit}["gcp"] == (
        "a pod of cache (1000m, 9000Mi) fits on no node; "
        "the smallest that would do is e2-standard-4 (4 vCPU, 16 GiB, amd64)"
    )


def test_arm_where_there_is_some() -> None:
    found = compared(arch="arm64").lanes[0]
    assert {offer.machine.arch for offer in found.offers} == {"arm64"}
    assert {one.cloud.name: one.reason for one in found.unfit}["digitalocean"] == "no arm64 machine in nyc1"


def test_an_sla_that_nobody_promises_excludes_everybody() -> None:
    found = compared(sla=Decimal("99.999")).lanes[0]
    assert not found.offers
    assert len(found.unfit) == 4


def test_more_nodes_than_the_free_edition_allows_take_the_next_one() -> None:
    found = offers(compared(scaled(APP, 12)))["alibaba"]
    assert len(found.packing.nodes) > 10
    assert found.control.title == "Pro"


def test_an_unknown_machine_type_is_said() -> None:
    found = compared(machines={"aws": "t9.huge"}).lanes[0]
    assert found.unfit[0].reason == "no machine type t9.huge in us-east-1"


def test_an_app_without_pods_is_refused() -> None:
    with pytest.raises(ConfigError, match="without a pod"):
        compared(app([]))


def test_the_recommendation_is_the_cheapest_complete_bill_with_its_rules() -> None:
    advice = advise(compared())[0]
    assert advice.best.cloud.name == "digitalocean"
    assert advice.rules[-1] == "then the cheapest"
    assert advice.runner_up is not None
    assert advice.runner_up.cloud.name == "aws"
    assert any("promises 99.95 %: --sla 99.95" in change for change in advice.changes)


def test_a_part_that_is_unknown_is_not_called_cheaper() -> None:
    for one in advise(compared(region="seoul", arch="any")):
        assert one.runner_up is not None
        assert one.runner_up.total.unknown
        assert not any("load balancers (" in change for change in one.changes)


def test_a_bill_with_unknown_parts_does_not_win_on_what_is_left_out() -> None:
    comparison = compared(machines={"digitalocean": "m-2vcpu-16gb"}, first=False)
    advice = advise(comparison)[0]
    assert comparison.lanes[0].offers[0].cloud.name == "alibaba"
    assert advice.best.cloud.name != "alibaba"
    assert any("it wins if they are smaller" in change for change in advice.changes)


def test_old_prices_are_counted() -> None:
    found = age(compared())
    assert found.oldest is not None
    assert found.oldest.isoformat() == "2024-03-11"
    assert found.stale > 0


@pytest.mark.parametrize(
    ("cloud", "said"),
    [
        ("aws", "Kubernetes 1.34 leaves standard support on 2026-12-02 (in 9 days)"),
        ("gcp", "the free tier pays one zonal cluster"),
        ("digitalocean", "the free registry plan holds 1 repository, this app has 3"),
        ("alibaba", "the API server's load balancer is billed to you"),
    ],
)
def test_surprises_are_announced(cloud: str, said: str) -> None:
    assert any(said in note for note in offers(compared())[cloud].notes)
