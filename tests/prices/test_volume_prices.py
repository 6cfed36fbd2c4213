"""The app's volumes are billed, on each cloud at no less than its smallest disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from clouddeploy import plugins
from clouddeploy.app.model import Service, Volume
from clouddeploy.contract import ClusterSpec, TargetSettings
from clouddeploy.prices.bill import Line
from clouddeploy.prices.catalog import Machine, Row
from clouddeploy.prices.clouds import alibaba, gcp
from clouddeploy.prices.compare import compare
from clouddeploy.prices.demand import from_services, scaled
from clouddeploy.prices.estimate import Shape, estimate
from clouddeploy.prices.report import report
from clouddeploy_gcp import choices
from tests.prices.reference import APP, CATALOG, WISHES, compared, offers

DB = Service("db", image="postgres:17", volumes=(Volume("data", "/data", 12), Volume("wal", "/wal", 1)))
QUEUE = Service("queue", image="redis:8", volumes=(Volume("spool", "/spool", 3),))
WEB = Service("web", image="nginx:1", replicas=3)


def volumes(lines: Sequence[Line]) -> Line:
    (found,) = [line for line in lines if line.charge.kind == "volumes"]
    return found


def test_every_volume_of_every_service_counts() -> None:
    assert from_services("shop", (WEB, DB, QUEUE), {}).volumes == (12, 1, 3)


@pytest.mark.parametrize(
    ("cloud", "gib", "usd"),
    [
        ("aws", 16, "1.28"),
        ("digitalocean", 16, "1.60"),
        ("gcp", 12 + 10 + 10, "3.20"),
        ("alibaba", 20 + 20 + 20, "4.62"),
    ],
)
def test_none_is_below_the_clouds_smallest(cloud: str, gib: int, usd: str) -> None:
    demand = replace(APP, volumes=(12, 1, 3))
    line = volumes(offers(compared(demand))[cloud].lines)
    assert (line.quantity, line.monthly) == (gib, Decimal(usd))
    if gib > 16:
        assert line.charge.note.startswith("each at least ")


@pytest.mark.parametrize(
    ("cloud", "least"), [("gcp", gcp.MIN_VOLUME_GIB), ("alibaba", alibaba.MIN_VOLUME_GIB)]
)
def test_what_is_billed_is_what_manifests_ask_for(cloud: str, least: int) -> None:
    provider = plugins.connect(TargetSettings(cloud, cloud, ClusterSpec("shop")))
    assert provider.traits.min_volume_gib == least


def test_alibabas_class_makes_the_disks_that_are_priced() -> None:
    """ACK's own class of ESSD makes PL1 disks, whose price is not known."""
    provider = plugins.connect(TargetSettings("alibaba", "alibaba", ClusterSpec("shop")))
    assert provider.traits.storage_parameters["performanceLevel"] == "PL0"
    line = volumes(offers(compared(replace(APP, volumes=(5,))))["alibaba"].lines)
    assert line.charge.title == "ESSD PL0 volumes"


def test_more_replicas_leave_a_service_with_volumes_alone() -> None:
    demand = from_services("shop", (WEB, DB), {})
    pods = Counter(pod.service for pod in scaled(demand, 8).pods)
    assert pods == {"web": 24, "db": 1}
    page = report(compared(demand))
    assert '"factor":8,"pods":25' in page
    alone = report(compared(from_services("db", (DB,), {})))
    assert '"factor":1,"pods":1' in alone
    assert '"factor":2' not in alone


def test_an_app_without_volumes_pays_for_none() -> None:
    demand = replace(APP, volumes=())
    assert {volumes(one.lines).monthly for one in offers(compared(demand)).values()} == {0}


def test_the_estimate_of_a_cluster_has_the_apps_volumes() -> None:
    demand = from_services("shop", (WEB, DB), {})
    settings = TargetSettings("prod", "digitalocean", ClusterSpec("shop"), region="nyc1")
    found = estimate(settings, Shape("s-2vcpu-4gb", 2), demand, CATALOG)
    assert found
    assert volumes(found.lines).monthly == Decimal("1.30")


class TestMachinesThatTakeHyperdiskAlone:
    """Google's newer families cannot have the persistent disk that the catalogue has prices of."""

    @pytest.mark.parametrize("machine", ["n4-standard-2", "n4a-standard-2", "c4a-standard-2"])
    def test_their_disks_are_not_billed_as_balanced_ones(self, machine: str) -> None:
        offer = offers(compared(arch="any", machines={"gcp": machine}))["gcp"]
        disks = [line for line in offer.lines if line.charge.kind in ("node disks", "volumes")]
        assert [(one.charge.title, one.monthly) for one in disks] == [
            ("hyperdisk-balanced boot disks", None),
            ("hyperdisk-balanced volumes", None),
        ]

    def test_a_refreshed_price_of_hyperdisk_counts(self) -> None:
        row = Row(
            "gcp",
            "hyperdisk-balanced",
            "block",
            "us-east1",
            "GiB-month",
            Decimal("0.08"),
            "list",
            None,
            "refreshed",
        )
        priced = compare(APP, replace(WISHES, machines={"gcp": "n4-standard-2"}), CATALOG.overlaid([row]))
        assert volumes(offers(priced)["gcp"].lines).monthly == Decimal("0.80")

    def test_a_bill_that_is_complete_wins_over_one_that_is_lower_without_its_disks(self) -> None:
        cheap = replace(CATALOG, items=tuple(
            replace(one, row=replace(one.row, usd=Decimal("0.001")))
            if isinstance(one, Machine) and one.name.startswith("n4") else one for one in CATALOG.items
        ))  # fmt: skip
        found = offers(compare(APP, WISHES, cheap))["gcp"]
        assert (found.machine.name[:3], found.total.unknown) == ("e2-", 0)

    def test_a_volume_that_could_not_be_attached_is_said(self) -> None:
        for sizes, said in (((5,), True), ((), False)):
            demand = replace(APP, volumes=sizes)
            notes = offers(compared(demand, machines={"gcp": "n4-standard-2"}))["gcp"].notes
            assert any("takes no persistent disk" in note for note in notes) is said

    def test_they_are_those_for_which_the_provider_asks_for_hyperdisk(self) -> None:
        for machine in CATALOG.all_machines("gcp"):
            assert gcp.disk_type(machine) == choices.disk_type(machine.name)
