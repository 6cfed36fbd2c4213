"""The report in a real browser: the JSON's numbers, also after a change, by keyboard and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.prices.advise import advise
from clouddeploy.prices.offers import Comparison
from clouddeploy.prices.packing import Pod
from clouddeploy.prices.plain import plain
from clouddeploy.prices.report import report
from tests.prices.browser import Page, chromium
from tests.prices.reference import APP, CHEAP, compared

Open = Callable[..., Page]
Shown = dict[tuple[str, str], tuple[str, int]]

_OFFERS = (
    "[...document.querySelectorAll('.offer')].map(o => [o.dataset.lane, o.dataset.cloud, o.dataset.total,"
    " Number(o.dataset.nodes)])"
)
_TEXT = "document.getElementById('{}').textContent"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def show(browser: Page, tmp_path: Path) -> Open:
    """Opens the report of a comparison, at an address that ends with a fragment such as #egress=1000."""

    def show(comparison: Comparison, fragment: str = "", **how: Any) -> Page:
        file = tmp_path / "report.html"
        file.write_text(report(comparison), encoding="utf-8")
        browser.open(f"{file.as_uri()}{fragment}", **how)
        return browser

    return show


def offers(page: Page) -> Shown:
    return {(lane, cloud): (total, nodes) for lane, cloud, total, nodes in page.run(_OFFERS)}


def expected(comparison: Comparison) -> Shown:
    return {
        (lane["name"], offer["provider"]): (offer["total"]["text"], offer["nodes"])
        for lane in plain(comparison)["lanes"]
        for offer in lane["offers"]
    }


@pytest.mark.parametrize("wishes", [{}, {"region": "seoul", "private": True}, {"sla": Decimal("99.95")}])
def test_the_page_shows_the_numbers_of_the_json(show: Open, wishes: dict[str, Any]) -> None:
    comparison = compared(**wishes)
    assert offers(show(comparison)) == expected(comparison)


def test_every_line_of_every_bill_is_the_jsons(show: Open) -> None:
    comparison = compared()
    page = show(comparison)
    shown = page.run(
        "Object.fromEntries([...document.querySelectorAll('#bills details')].map(d => [d.dataset.cloud,"
        " [...d.querySelectorAll('tbody tr')].map(r => r.children[5].textContent.replaceAll(',', ''))]))"
    )
    for offer in plain(comparison)["lanes"][0]["offers"]:
        amounts = [line["usd_month"] for line in offer["lines"]]
        rounded = [
            "unknown" if one is None else f"{Decimal(one).quantize(Decimal('0.01'), 'ROUND_HALF_UP')}"
            for one in amounts
        ]
        assert shown[offer["provider"]] == rounded


def test_totals_follow_the_address(show: Open) -> None:
    pinned = compared(machines=CHEAP)
    changed = replace(APP, egress_gb=Decimal(15_000), load_balancers=7, registry_gb=Decimal(9))
    page = show(pinned, "#egress=15000&lb=7&registry=9&first=0")
    assert offers(page) == expected(compared(changed, machines=CHEAP, first=False))


@pytest.mark.parametrize("repositories", [1, 3, 6])
def test_the_registry_plan_follows_the_images_that_are_kept(show: Open, repositories: int) -> None:
    app = replace(APP, repositories=repositories, registry_gb=Decimal("0.4"))
    for gigabytes in ("0", "0.5", "0.6", "5", "50", "755", "800", "2000"):
        page = show(compared(app, machines=CHEAP), f"#registry={gigabytes}")
        changed = replace(app, registry_gb=Decimal(gigabytes))
        assert offers(page) == expected(compared(changed, machines=CHEAP)), gigabytes


def test_totals_follow_what_is_typed_and_come_back(show: Open) -> None:
    comparison = compared(machines=CHEAP)
    page = show(comparison)
    page.run("document.getElementById('in-egress').select(), document.getElementById('in-egress').focus()")
    page.write("5000")
    assert offers(page) == expected(compared(replace(APP, egress_gb=Decimal(5000)), machines=CHEAP))
    page.run("document.getElementById('reset').click()")
    assert offers(page) == expected(comparison)


def test_the_keyboard_reaches_and_changes_everything(show: Open) -> None:
    page = show(compared())
    reached = []
    for _ in range(60):
        page.press("Tab")
        reached.append(page.run("document.activeElement.id || document.activeElement.tagName"))
        if page.run("document.activeElement.id") == "in-scale":
            page.press("ArrowRight")
        if page.run("document.activeElement.name") == "axis":
            page.press("ArrowRight")
        if page.run("document.activeElement.closest('#chart') !== null"):
            page.press("End")
            break
    assert "x 2 = 12 pods" in page.run(_TEXT.format("scale-text"))
    assert page.run(_TEXT.format("readout")).startswith("10,000 GB: DOKS ")
    assert {"theme", "in-scale", "in-egress", "in-lb", "in-first", "reset", "SUMMARY"} <= set(reached)
    assert offers(page) == expected(compared(replace(APP, pods=APP.pods * 2)))


def test_more_replicas_are_packed_as_the_command_would(show: Open) -> None:
    tripled = compared(replace(APP, pods=APP.pods * 3))
    assert offers(show(compared(), "#scale=3")) == expected(tripled)


def test_lines_cross_where_the_bills_are_equal(show: Open) -> None:
    pinned = compared(machines=CHEAP)
    page = show(pinned, "#axis=egress")
    found = page.run("[...document.querySelectorAll('#crossings li')].map(li => ({...li.dataset}))")
    assert found
    names = {"DOKS": "digitalocean", "ACK": "alibaba", "GKE": "gcp", "EKS": "aws"}
    for one in found:
        after = compared(replace(APP, egress_gb=Decimal(one["x"]) + 300), machines=CHEAP)
        before = compared(replace(APP, egress_gb=max(Decimal(0), Decimal(one["x"]) - 300)), machines=CHEAP)
        for comparison, turned in ((before, False), (after, True)):
            known = {o.cloud.name: o.total.known for o in comparison.lanes[0].offers}
            assert (known[names[one["cheaper"]]] < known[names[one["dearer"]]]) is turned


def test_every_pod_is_drawn_on_a_node(show: Open) -> None:
    page = show(compared())
    drawn = page.run("[...document.querySelectorAll('.node svg')].map(s => s.getAttribute('aria-label'))")
    nodes = [node for offer in plain(compared())["lanes"][0]["offers"] for node in offer["packing"]]
    assert len(drawn) == len(nodes)
    for text, pods in zip(drawn, nodes, strict=True):
        assert all(f"{pod['count']} x {pod['service']}" in text for pod in pods)


def test_of_a_large_cluster_nodes_with_the_same_pods_share_a_box(show: Open) -> None:
    many = compared(replace(APP, pods=(Pod(500, 512, "web"),) * 150), machines=CHEAP)
    page = show(many)
    drawn = page.run(
        "[...document.querySelectorAll('.cluster')].map(c => [...c.querySelectorAll('.node')].map(n =>"
        " [n.querySelector('svg').ariaLabel.split(':')[0].split(',').length, n.innerText]))"
    )
    for boxes, offer in zip(drawn, plain(many)["lanes"][0]["offers"], strict=True):
        assert sum(alike for alike, _ in boxes) == offer["nodes"] > 16 >= len(boxes)
        assert all((f"{alike} x" in text) is (alike > 1) for alike, text in boxes)


def test_numbers_of_crossings_do_not_cover_each_other(show: Open) -> None:
    page = show(compared(region="eu", arch="any", machines=CHEAP), "#axis=egress")
    close = page.run("apart([[50, 190], [51, 192], [52, 20], [53, 20], [300, 190]])")
    assert [point[2] for point in close] == [190, 192, 20, 20, 190]
    assert close[1][1] < 192
    assert close[3][1] > 20
    assert close[4][1] == 190
    for i, (x, y, _) in enumerate(close):
        assert all((x - other) ** 2 + (y - above) ** 2 >= 400 for other, above, _ in close[:i])


def test_the_wanted_region_is_said_before_a_cheaper_one_elsewhere(show: Open) -> None:
    comparison = compared(region="seoul")
    page = show(comparison)
    first = advise(comparison)[0]
    assert first.best.cloud.title != comparison.lanes[0].offers[0].cloud.title
    assert f" in seoul: {first.best.cloud.title}, {first.best.total} " in page.run(_TEXT.format("verdict"))


def test_the_focus_is_seen_on_a_choice(show: Open) -> None:
    page = show(compared())
    outline = "getComputedStyle(document.getElementById('axis')).outlineStyle"
    assert page.run(outline) == "none"
    for _ in range(60):
        page.press("Tab")
        if page.run("document.activeElement.name") == "axis":
            break
    assert page.run(outline) == "solid"


def test_on_a_phone_a_fact_stands_beside_its_cloud_and_an_amount_in_sight(show: Open) -> None:
    page = show(compared(), width=360)
    page.run("document.querySelectorAll('#bills details').forEach(d => { d.open = true })")
    edges = "[...document.querySelectorAll('{}')].map(cell => cell.getBoundingClientRect().{})"
    assert max(page.run(edges.format("#bills td", "right"))) <= 360
    assert max(page.run(edges.format("#facts td", "right"))) <= 360
    assert min(page.run(edges.format("#facts td span", "left"))) > 60


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_a_large_sum_stays_on_its_line(show: Open, width: int) -> None:
    page = show(compared(), "#egress=900000", width=width)
    heights = page.run(
        "[...document.querySelectorAll('.sum')].map(s => { const r = document.createRange();"
        " r.selectNode(s.firstChild); return r.getClientRects().length })"
    )
    assert heights == [1] * 8
    assert page.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(show: Open, width: int) -> None:
    page = show(compared(replace(APP, name="a-rather-long-name-of-an-app" * 3)), width=width)
    assert page.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_can_both_be_read(show: Open, dark: bool) -> None:
    page = show(compared(), dark=dark)
    script = (
        "(() => { const c = getComputedStyle(document.body);"
        " return [c.color, c.backgroundColor].map(s => s.match(/[0-9.]+/g).slice(0, 3).map(Number)) })()"
    )
    ink, paper = page.run(script)
    assert (sum(paper) < 150) is dark
    assert abs(sum(ink) - sum(paper)) > 500
    page.run("document.getElementById('theme').click()")
    assert (sum(page.run(script)[1]) < 150) is not dark


def test_a_name_is_shown_as_it_is(show: Open) -> None:
    name = "<img src=x onerror=alert(1)>"
    page = show(compared(replace(APP, name=name, pods=(Pod(100, 100, name),))))
    assert page.run(_TEXT.format("title")) == f"What {name} costs per month"
    assert page.run("document.images.length") == 0


def test_a_bill_without_the_price_of_its_nodes_is_not_the_cheapest(show: Open) -> None:
    page = show(compared(region="eu", arch="arm64"))
    tagged = page.run("[...document.querySelectorAll('.offer.best')].map(o => o.dataset.cloud)")
    assert tagged == ["aws", "gcp"]
    assert page.run("[...document.querySelectorAll('.tag')].map(t => t.textContent)") == ["lowest limit"] * 2
    assert page.run(_TEXT.format("verdict")).startswith("Lowest limit: Amazon EKS, >= ")
    assert "ACK" not in page.run(_TEXT.format("crossings"))
    nothing = show(compared(region="seoul", arch="arm64", machines={"aws": "m7g.large", "gcp": "none"}))
    assert nothing.run(_TEXT.format("verdict")) == "No cloud's nodes have a known price."


def test_a_wish_that_nobody_meets_is_said(show: Open) -> None:
    page = show(compared(sla=Decimal("99.999")))
    assert page.run(_TEXT.format("verdict")) == "No cloud can run this."
    assert page.run("document.querySelectorAll('[data-unfit]').length") == 8
