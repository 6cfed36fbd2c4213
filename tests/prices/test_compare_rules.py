"""What holds for every comparison, and what it says where it cannot compare."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddeploy.errors import ConfigError
from clouddeploy.prices.advise import advise
from clouddeploy.prices.age import age
from clouddeploy.prices.bill import cents, drivers, total
from clouddeploy.prices.clouds import CLOUDS
from clouddeploy.prices.clouds.base import Site
from clouddeploy.prices.compare import compare
from clouddeploy.prices.demand import Assumptions, Demand, scaled
from clouddeploy.prices.features import features
from clouddeploy.prices.markdown import markdown
from clouddeploy.prices.packing import Pod
from clouddeploy.prices.plain import plain
from clouddeploy.prices.report import report
from tests.prices.reference import APP, CATALOG, CHEAP, WISHES, compared, offers

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


@settings(max_examples=40, deadline=None)
@given(PODS, st.integers(0, 11))
def test_one_more_replica_is_never_cheaper(pods: list[Pod], which: int) -> None:
    more = [*pods, pods[which % len(pods)]]
    once, again = offers(compared(app(pods))), offers(compared(app(more)))
    for cloud, offer in again.items():
        assert offer.total.known >= once[cloud].total.known


@settings(max_examples=25, deadline=None)
@given(PODS, st.integers(0, 11), st.integers(0, 1_000_000), st.integers(0, 1))
def test_nor_is_it_where_a_node_brings_free_traffic(
    pods: list[Pod], which: int, egress: int, lane: int
) -> None:
    once, again = (
        offers(compared(replace(app(more), egress_gb=Decimal(egress))), lane)
        for more in (pods, [*pods, *[pods[which % len(pods)]] * 4])
    )
    for cloud, offer in again.items():
        assert offer.total.known >= once[cloud].total.known


@pytest.mark.parametrize("egress", [0, 15_999, 16_001, 50_000, 99_999, 100_000, 100_001, 700_000])
@pytest.mark.parametrize("lane", [0, 1])
def test_no_other_number_of_nodes_would_be_cheaper(lane: int, egress: int) -> None:
    comparison = compared(replace(APP, egress_gb=Decimal(egress)))
    found = offers(comparison, lane)["digitalocean"]
    needed = len([node for node in found.packing.nodes if node])
    for count in range(needed, 400):
        site = Site(CATALOG, "nyc1", found.machine, count, comparison.demand, WISHES, Assumptions())
        charges = found.cloud.charges(site, found.control)
        by = drivers(comparison.demand, comparison.assumed, WISHES)
        assert total(charge.monthly(by) for charge in charges).known >= found.total.known


def test_nodes_that_are_there_for_their_traffic_are_said() -> None:
    found = offers(compared(replace(APP, egress_gb=Decimal(100_000))))["digitalocean"]
    assert (len(found.packing.nodes), found.machine.name) == (25, "s-2vcpu-4gb")
    assert "4 nodes would do: 21 more cost less than the traffic that each brings free" in found.notes
    assert not any("would do" in note for note in offers(compared())["digitalocean"].notes)


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


@pytest.mark.parametrize("region", ["us", "eu", "sg", "seoul"])
def test_every_line_has_quantity_unit_price_source_and_a_date_or_a_reason(region: str) -> None:
    for lane in plain(compared(region=region, private=True))["lanes"]:
        for line in (line for offer in lane["offers"] for line in offer["lines"]):
            assert line["source"]
            assert line["unit"]
            assert Decimal(line["quantity"]) >= 0
            assert line["unit_usd"] is not None or line["confidence"] == "unknown"
            assert line["as_of"] or line["confidence"] in ("vendor-page", "secondary", "generated", "unknown")


@settings(max_examples=10, deadline=None)
@given(PODS, st.integers(0, 30_000), st.integers(0, 7))
def test_json_table_markdown_and_page_agree(pods: list[Pod], egress: int, balancers: int) -> None:
    demand = replace(app(pods), egress_gb=Decimal(egress), load_balancers=balancers)
    comparison = compared(demand)
    totals = [offer["total"]["text"] for lane in plain(comparison)["lanes"] for offer in lane["offers"]]
    said, page = markdown(comparison), report(comparison)
    assert totals == [str(offer.total) for lane in comparison.lanes for offer in lane.offers]
    for text in totals:
        assert f"| {text} |" in said
        assert json.dumps(text) in page


def test_markdown_says_where_what_was_assumed_and_how_old_the_prices_are() -> None:
    said = markdown(compared(replace(APP, assumed=("1 GB for each image",)), region="seoul"))
    assert "\nDigitalOcean DOKS: no region in seoul: nearest sgp1.\n" in said
    assert "\n### Assumed\n\n- 1 GB for each image\n" in said
    assert "\nPrices: bundled 2026-11-23, oldest " in said
    assert " older than 90 days" in said


def test_a_total_is_the_sum_of_its_lines() -> None:
    for lane in plain(compared(private=True))["lanes"]:
        for offer in lane["offers"]:
            amounts = [line["usd_month"] for line in offer["lines"]]
            known = sum(Decimal(one) for one in amounts if one is not None)
            assert Decimal(offer["total"]["usd_month"]) == known
            assert offer["total"]["unknown"] == amounts.count(None)


def test_a_region_that_a_cloud_does_not_have_is_replaced_by_the_nearest() -> None:
    place = offers(compared(region="seoul"))["digitalocean"].place
    assert (place.region, place.note) == ("sgp1", "no region in seoul: nearest sgp1")


def test_a_cloud_with_the_region_is_recommended_before_a_cheaper_one_elsewhere() -> None:
    found = compared(region="seoul")
    assert found.lanes[0].offers[0].cloud.name == "digitalocean"
    for advice in advise(found):
        assert advice.runner_up
        assert {advice.best.cloud.name, advice.runner_up.cloud.name} == {"aws", "gcp"}
        assert advice.rules[0] == "in seoul, else nearest to it"
        assert any(
            change.startswith("DigitalOcean DOKS in sgp1 is at least ")
            and change.endswith(" cheaper, but has no region in seoul: nearest sgp1")
            for change in advice.changes
        )


def test_a_region_without_node_prices_names_the_nearest_that_has_some() -> None:
    place = offers(compared(region="seoul"))["alibaba"].place
    assert place.note == "no node price for ap-northeast-2: nearest cn-hongkong"


def test_a_region_that_nobody_has_names_the_nearest_spelling() -> None:
    with pytest.raises(
        ConfigError, match=r"the region eu-wst-1 is not known here; did you mean eu-west-1\?"
    ) as caught:
        compared(region="eu-wst-1")
    assert caught.value.fix == "--region us, eu, sg, seoul, or a cloud's own region"


def test_a_pod_too_large_for_a_cloud_is_named_with_the_smallest_node_that_would_do() -> None:
    found = compared(app([Pod(3000, 20000, "cache")])).lanes[0]
    reasons = {one.cloud.name: one.reason for one in found.unfit}
    assert reasons["gcp"] == (
        "a pod of cache (3000m, 20000Mi) fits on no node; "
        "no larger type is known here: clouddeploy prices refresh"
    )
    assert {one.cloud.name: one.too_small for one in found.unfit}["gcp"]


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


@pytest.mark.parametrize(
    ("name", "wishes", "lane", "reason"),
    [
        ("t3.medum", {}, 0, "no machine type t3.medum in us-east-1; did you mean t3.medium?"),
        ("t4g.medium", {}, 0, "t4g.medium is no amd64 machine"),
        ("t3.medium", {"auto": True}, 0, "it makes no t3.medium by itself"),
        ("t3.medium", {}, 1, "t3.medium shares its CPUs"),
    ],
)
def test_why_a_pinned_type_cannot_be_taken_is_said(
    name: str, wishes: dict[str, bool], lane: int, reason: str
) -> None:
    found = compared(machines={"aws": name}, **wishes).lanes[lane]
    assert found.unfit[0].reason == reason


def test_what_surprises_cost_is_the_catalogues() -> None:
    prices = [
        replace(CATALOG.price(cloud, sku), usd=Decimal(usd), as_of=date(2026, 11, 24))
        for cloud, sku, usd in (
            ("aws", "eks.auto_mode.fee_pct", "0.15"),
            ("gcp", "gke.cluster_management", "0.2"),
            ("digitalocean", "doks.control_plane.ha", "55"),
        )
    ]
    found = compare(APP, WISHES, CATALOG.overlaid(prices))
    notes = " ".join(note for offer in found.lanes[0].offers for note in offer.notes)
    assert all(said in notes for said in ("at 15 % more", "costs 146.00 more", "(+55.00 a month)"))


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


class TestNodesWithoutAPrice:
    """A sum that leaves out the nodes is no lower limit worth comparing."""

    @pytest.mark.parametrize("lane", [0, 1])
    @pytest.mark.parametrize("region", ["us", "eu", "sg"])
    def test_they_come_last_and_are_never_recommended(self, region: str, lane: int) -> None:
        found = compared(region=region, arch="arm64")
        offers_ = found.lanes[lane].offers
        priced = [offer.nodes_priced for offer in offers_]
        assert priced == sorted(priced, reverse=True)
        last = offers_[-1]
        assert not last.nodes_priced
        said = f"no price of {last.machine.name} is known here: without its nodes it is not recommended"
        assert said in last.notes
        advice = next(one for one in advise(found) if one.lane == found.lanes[lane].name)
        for one in filter(None, (advice.best, advice.runner_up)):
            assert one.nodes_priced
        assert not any("ACK" in change for change in advice.changes)
        assert "the price of its nodes is known" in advice.rules

    def test_the_lowest_sum_does_not_win_by_leaving_them_out(self) -> None:
        found = compared(region="eu", arch="arm64", private=True, sla=Decimal("99.95"), ha=True)
        steady = found.lanes[1]
        assert min(steady.offers, key=lambda one: one.total.known).machine.name == "c7g.large"
        assert advise(found)[1].best.cloud.name == "gcp"

    def test_where_no_nodes_have_a_price_nothing_is_recommended(self) -> None:
        found = compared(region="seoul", arch="arm64", machines={"aws": "m7g.large", "gcp": "none"})
        assert found.lanes[0].offers
        assert advise(found) == ()
        assert "None: no cloud's nodes have a known price." in markdown(found)

    def test_a_region_counts_as_priced_for_the_wanted_architecture(self) -> None:
        assert offers(compared(region="eu"))["alibaba"].place.region == "us-east-1"
        assert offers(compared(region="eu", arch="arm64"))["alibaba"].place.region == "eu-central-1"
        assert offers(compared(region="seoul", arch="arm64"))["gcp"].place.region != "asia-northeast3"


def test_the_traffic_from_which_another_cloud_wins_is_where_the_bills_cross() -> None:
    pinned = {**CHEAP, "digitalocean": "none"}
    found = compared(replace(APP, egress_gb=Decimal(0)), machines=pinned, surge=False)
    advice = advise(found)[0]
    change = next(change for change in advice.changes if "GB of egress" in change)
    assert change.endswith("GB of egress a month on Amazon EKS is cheaper")
    gigabytes = int(change.split()[2].replace(",", ""))
    for egress, turned in ((gigabytes - 1, False), (gigabytes, True)):
        demand = replace(APP, egress_gb=Decimal(egress))
        bills = {
            name: o.total.known for name, o in offers(compared(demand, machines=pinned, surge=False)).items()
        }
        assert (bills["aws"] < bills[advice.best.cloud.name]) is turned


def test_spot_and_committed_prices_are_used_where_they_are_known() -> None:
    plain_, spot, long = (
        offers(compared(machines=CHEAP, **one)) for one in ({}, {"spot": True}, {"commit": "3y"})
    )
    known = {what: cloud["gcp"].total.known for what, cloud in (("", plain_), ("spot", spot), ("3y", long))}
    assert known["spot"] < known[""]
    assert known["3y"] < known[""]
    node = next(line for line in long["gcp"].lines if line.charge.kind == "nodes")
    assert (node.charge.note, node.charge.row.as_of) == ("committed for 3y", date(2026, 7, 30))
    same = next(line for line in long["aws"].lines if line.charge.kind == "nodes")
    assert same.charge.note == "on demand: no committed price is known"
    assert "digitalocean" not in spot


@pytest.mark.parametrize(("wish", "kind"), [({"spot": True}, "spot"), ({"commit": "1y"}, "committed")])
def test_an_on_demand_price_in_place_of_the_wanted_one_is_said(wish: dict[str, Any], kind: str) -> None:
    found = compared(machines=CHEAP, **wish)
    said = f"no {kind} price of t3.medium is known: it is compared at the on-demand price"
    assert said in offers(found)["aws"].notes
    assert f"- Amazon EKS: {said}" in markdown(found)
    assert not any("on-demand price" in note for note in offers(found)["gcp"].notes)
    advice = advise(compared(machines={**CHEAP, "digitalocean": "none"}, **wish))[0]
    assert any("at the on-demand price where no other is known" in rule for rule in advice.rules)
    best, second = advice.best, advice.runner_up
    assert second
    assert {best.cloud.name, second.cloud.name} == {"aws", "gcp"}
    assert f"Amazon EKS is counted at its on-demand price: its {kind} price is not known" in advice.changes


def test_no_more_than_672_hours_of_a_droplet_are_billed() -> None:
    node = next(
        line for line in offers(compared(machines=CHEAP))["digitalocean"].lines if line.charge.kind == "nodes"
    )
    assert node.quantity == 730 * 4
    assert node.monthly == 24 * 4
    short = compare(APP, WISHES, CATALOG, Assumptions(hours=Decimal(100)))
    assert offers(short)["digitalocean"].total.known < 50


@pytest.mark.parametrize(
    ("cloud", "offered"),
    [
        ("gcp", "1.36, 1.35"),
        ("alibaba", "1.36, 1.35"),
        ("aws", "1.36, 1.35, 1.34"),
        ("digitalocean", "1.36, 1.35, 1.34"),
    ],
)
def test_a_version_that_has_ended_is_not_named_as_offered(cloud: str, offered: str) -> None:
    notes = offers(compared(version="1.30"))[cloud].notes
    assert f"Kubernetes 1.30 is not known to be offered; {offered} are" in notes


@pytest.mark.parametrize(
    ("version", "cloud", "said", "more"),
    [
        ("1.33", "aws", "Kubernetes 1.33 is in extended support", "365.00"),
        ("1.34", "gcp", "Kubernetes 1.34 left support on 2026-10-01", "unknown"),
        ("1.34", "alibaba", "Kubernetes 1.34 left support on 2026-09-30", ""),
        ("1.20", "digitalocean", "Kubernetes 1.20 is not known to be offered; 1.36, 1.35, 1.34 are", ""),
    ],
)
def test_an_old_kubernetes_is_announced_and_billed(version: str, cloud: str, said: str, more: str) -> None:
    offer = offers(compared(version=version, machines=CHEAP))[cloud]
    assert any(said in note for note in offer.notes)
    lines = [line for line in offer.lines if version in line.charge.title]
    shown = ["unknown" if line.monthly is None else str(cents(line.monthly)) for line in lines]
    assert shown == ([more] if more else [])


def test_a_version_that_ends_within_a_week_says_what_it_will_cost() -> None:
    note = next(n for n in offers(compared(today=date(2026, 11, 26)))["aws"].notes if "1.34" in n)
    assert "on 2026-12-02 (in 6 days): the control plane then costs 438.00 instead of 73.00 a month" in note


def test_what_has_not_ended_soon_is_not_announced() -> None:
    assert not any("leaves" in note for note in offers(compared(today=date(2026, 9, 1)))["aws"].notes)


def test_every_cloud_says_the_same_facts() -> None:
    facts = {cloud.name: features(cloud.name, WISHES.today) for cloud in CLOUDS}
    names = list(facts["aws"])
    assert {
        "Kubernetes", "SLA", "Regions", "Most nodes", "Autoscaling", "Serverless nodes", "Arm", "Spot",
        "Private API", "Keyless CI", "Registry", "Time to ready",
    } <= set(names)  # fmt: skip
    for known in facts.values():
        assert list(known) == names
        assert all(one.text and one.source for one in known.values())
    assert "no Seoul (nearest sgp1)" in facts["digitalocean"]["Regions"].text


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
