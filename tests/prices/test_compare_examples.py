"""A worked example, by hand and to the cent: every line of four bills for one app in the United States."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from clouddeploy.prices.advise import by_kind
from clouddeploy.prices.bill import Line, Total, cents, total
from tests.prices.reference import APP, CHEAP, STEADY, compared, offers

ON_SHARED_CPUS = {
    "aws": {
        "control plane": "73.00", "nodes": "91.10", "node disks": "12.00", "volumes": "0.80",
        "load balancers": "17.63", "addresses": "18.25", "registry": "0.50", "egress": "9.00",
    },
    "gcp": {
        "control plane": "0.00", "nodes": "146.76", "node disks": "15.00", "volumes": "1.00",
        "load balancers": "19.85", "addresses": "10.95", "registry": "0.50", "egress": "24.00",
    },
    "digitalocean": {
        "control plane": "0.00", "nodes": "72.00", "volumes": "1.00", "load balancers": "12.00",
        "registry": "5.00", "egress": "0.00",
    },
    "alibaba": {
        "control plane": "0.00", "nodes": "122.35", "node disks": "7.70", "volumes": "1.54",
        "load balancers": "15.58", "addresses": "0.00", "registry": "0.00", "egress": "0.00",
    },
}  # fmt: skip


@pytest.mark.parametrize("cloud", ON_SHARED_CPUS)
def test_every_line_on_shared_cpus(cloud: str) -> None:
    offer = offers(compared(surge=False, machines=CHEAP))[cloud]
    assert {kind: str(cents(usd)) for kind, usd in by_kind(offer).items()} == ON_SHARED_CPUS[cloud]


@pytest.mark.parametrize(
    ("cloud", "nodes", "total"),
    [
        ("aws", 3, "222.28"),
        ("gcp", 3, "218.06"),
        ("digitalocean", 3, "90.00"),
        ("alibaba", 2, ">= 147.17 (+2 unknown)"),
    ],
)
def test_totals_on_shared_cpus(cloud: str, nodes: int, total: str) -> None:
    offer = offers(compared(surge=False, machines=CHEAP))[cloud]
    assert (len(offer.packing.nodes), str(offer.total)) == (nodes, total)


def test_a_second_cluster_of_google_costs_its_fee() -> None:
    offer = offers(compared(surge=False, machines=CHEAP, first=False))["gcp"]
    assert str(offer.total) == "291.06"


@pytest.mark.parametrize(
    ("cloud", "total"),
    [
        ("aws", "326.63"),
        ("gcp", "329.34"),
        ("digitalocean", "184.00"),
        ("alibaba", ">= 450.12 (+2 unknown)"),
    ],
)
def test_totals_on_dedicated_cpus_with_a_promise_of_uptime(cloud: str, total: str) -> None:
    offer = offers(compared(surge=False, machines=STEADY, sla=Decimal("99.95")), lane=1)[cloud]
    assert str(offer.total) == total


def test_the_unknown_amounts_are_named() -> None:
    offer = offers(compared())["alibaba"]
    unknown = [line.charge.title for line in offer.lines if line.monthly is None]
    assert unknown == ["API server's CLB", "EIPs of load balancers"]


def test_private_nodes_pay_for_nat_instead_of_addresses() -> None:
    public = offers(compared(surge=False, machines=CHEAP))
    private = offers(compared(surge=False, machines=CHEAP, private=True))
    assert cents(by_kind(private["aws"])["NAT"]) == Decimal("74.70")  # 2 x 32.85 + 200 x 0.045
    assert cents(by_kind(private["gcp"])["NAT"]) == Decimal("15.72")  # 3.07 + 3.65 + 200 x 0.045
    assert "addresses" not in by_kind(private["gcp"])
    assert private["digitalocean"].total.unknown == public["digitalocean"].total.unknown + 1


def test_spot_prices_where_they_are_known() -> None:
    spot = compared(surge=False, machines=CHEAP, spot=True)
    node = next(line for line in offers(spot)["gcp"].lines if line.charge.kind == "nodes")
    assert node.charge.price == Decimal("0.040212")
    aws = next(line for line in offers(spot)["aws"].lines if line.charge.kind == "nodes")
    assert aws.charge.note == "on demand: no spot price is known"
    assert [one.reason for one in spot.lanes[0].unfit] == ["no spot machines"]


def test_a_version_in_extended_support_costs_six_times_as_much() -> None:
    control = by_kind(offers(compared(version="1.33"))["aws"])["control plane"]
    assert control == 438
    assert by_kind(offers(compared(version="1.35"))["aws"])["control plane"] == 73


@pytest.mark.parametrize(
    ("repositories", "gigabytes", "plan", "usd"),
    [
        (1, "0.5", "docr.starter", "0.00"),
        (1, "0.6", "docr.basic", "5.00"),
        (5, "50", "docr.basic", "5.90"),  # 45 GiB beyond the plan at 0.02
        (1, "900", "docr.basic", "22.90"),
        (6, "1", "docr.professional", "20.00"),
    ],
)
def test_the_registry_plan_is_the_cheapest_that_holds_the_images(
    repositories: int, gigabytes: str, plan: str, usd: str
) -> None:
    demand = replace(APP, repositories=repositories, registry_gb=Decimal(gigabytes))
    lines = [
        line for line in offers(compared(demand))["digitalocean"].lines if line.charge.kind == "registry"
    ]
    assert lines[0].charge.title.startswith(f"{plan}, ")
    assert str(cents(total(line.monthly for line in lines).known)) == usd
    assert [line.charge.row.unit for line in lines] == ["month", "GiB-month"][: len(lines)]


class TestEgress:
    """Traffic is billed by tiers, each a line of its own."""

    @staticmethod
    def lines(cloud: str, gigabytes: int, region: str = "us") -> list[Line]:
        found = offers(compared(replace(APP, egress_gb=Decimal(gigabytes)), region=region))
        return [line for line in found[cloud].lines if line.charge.kind == "egress"]

    def test_it_climbs_through_the_tiers(self) -> None:
        assert [line.quantity for line in self.lines("gcp", 20_000)] == [1024, 9216, 9760]

    @pytest.mark.parametrize(
        ("gigabytes", "quantities", "usd"),
        [
            (100, [0, 0, 0, 0], "0"),
            (10_240, [10_140, 0, 0, 0], "912.60"),
            (10_241, [10_140, 1, 0, 0], "912.685"),
            (60_000, [10_140, 40_960, 8_800, 0], "5010.20"),
            (200_000, [10_140, 40_960, 102_400, 46_400], "13882.20"),
        ],
    )
    def test_aws_has_four_and_the_free_part_is_of_the_first(
        self, gigabytes: int, quantities: list[int], usd: str
    ) -> None:
        found = self.lines("aws", gigabytes, "eu")
        assert [line.quantity for line in found] == quantities
        assert total(line.monthly for line in found) == Total(Decimal(usd))

    @pytest.mark.parametrize(
        ("cloud", "gigabytes", "quantities"),
        [
            ("aws", 0, [0, 0, 0, 0]),
            ("aws", 100, [100, 0, 0, 0]),
            ("aws", 10_240, [10_140, 100, 0, 0]),
            ("alibaba", 200, [200]),
        ],
    )
    def test_what_an_account_has_free_once_is_used_up_by_its_other_clusters(
        self, cloud: str, gigabytes: int, quantities: list[int]
    ) -> None:
        demand = replace(APP, egress_gb=Decimal(gigabytes))
        lines = offers(compared(demand, first=False))[cloud].lines
        egress = [line for line in lines if line.charge.kind == "egress"]
        assert [line.quantity for line in egress] == quantities
        assert "count as used up" in egress[0].charge.note

    def test_a_tier_without_a_price_is_unknown_and_not_the_first_ones(self) -> None:
        *known, last = self.lines("aws", 153_601)
        assert all(line.monthly is not None for line in known)
        assert (last.quantity, last.monthly, last.charge.price) == (1, None, None)
        assert self.lines("aws", 153_600)[-1].monthly == 0

    def test_seoul_knows_googles_first_tier_alone(self) -> None:
        assert [line.monthly is None for line in self.lines("gcp", 20_000, "seoul")] == [False, True, True]

    def test_alibabas_one_known_tier_says_so(self) -> None:
        (line,) = self.lines("alibaba", 20_000)
        assert line.charge.note.endswith("all at the one tier's price that is known")
