"""The report is one file that needs nothing else, and shows the numbers of the JSON."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.prices.offers import Comparison
from clouddeploy.prices.packing import Pod
from clouddeploy.prices.plain import plain
from clouddeploy.prices.report import report
from tests.prices.reference import APP, CHEAP, compared

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--dump-dom",
    "--virtual-time-budget=2000",
)
OFFER = re.compile(r'data-lane="([^"]*)" data-cloud="([^"]*)" data-total="([^"]*)" data-nodes="([0-9]+)"')

Shown = dict[tuple[str, str], tuple[str, int]]
Look = Callable[[Comparison, str], Shown]


def embedded(page: str) -> Any:
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert match
    return json.loads(match[1])


def expected(comparison: Comparison) -> Shown:
    return {
        (lane["name"], offer["provider"]): (offer["total"]["text"], offer["nodes"])
        for lane in plain(comparison)["lanes"]
        for offer in lane["offers"]
    }


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """What a browser shows of a comparison, opened with a fragment such as #egress=1000."""
    browser = CHROMIUM
    if not browser:
        pytest.skip("no Chromium: apt install chromium")

    def show(comparison: Comparison, fragment: str) -> Shown:
        page = tmp_path / "report.html"
        page.write_text(report(comparison), encoding="utf-8")
        done = subprocess.run(
            [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"{page.as_uri()}{fragment}"],
            capture_output=True,
            text=True,
            timeout=100,
        )
        if done.returncode and not done.stdout:
            pytest.skip(f"Chromium does not start here: {done.stderr[-200:]}")
        assert 'data-ready="yes"' in done.stdout
        return {(a, b): (unescape(c), int(d)) for a, b, c, d in OFFER.findall(done.stdout)}

    return show


def test_the_report_asks_the_network_for_nothing() -> None:
    page = report(compared())
    assert not re.search(r'(src|href)="(?!#)|@import|url\(|fetch\(|XMLHttpRequest', page)
    assert "default-src 'none'" in page


def test_the_report_holds_the_numbers_of_the_json() -> None:
    comparison = compared()
    data, wanted = embedded(report(comparison)), plain(comparison)
    for lane, other in zip(data["scales"][0]["lanes"], wanted["lanes"], strict=True):
        for offer, same in zip(lane["offers"], other["offers"], strict=True):
            assert offer["total"] == same["total"]
            for line, truth in zip(offer["lines"], same["lines"], strict=True):
                assert data["sources"][line["source"]] == truth["source"]


def test_a_name_cannot_become_markup() -> None:
    name = "</script><script>alert(1)</script>"
    page = report(compared(replace(APP, name=name, pods=(Pod(100, 100, "<img src=x>"),))))
    assert "alert(1)</script>" not in page
    assert embedded(page)["app"]["name"] == name


def test_the_report_is_the_same_for_the_same_comparison() -> None:
    assert report(compared()) == report(compared())


def test_a_large_app_is_not_packed_eight_times() -> None:
    assert len(embedded(report(compared(replace(APP, pods=APP.pods * 100))))["scales"]) == 1


def test_a_browser_shows_the_numbers_of_the_json(look: Look) -> None:
    comparison = compared()
    assert look(comparison, "") == expected(comparison)


def test_totals_follow_the_assumptions(look: Look) -> None:
    pinned = compared(machines=CHEAP)
    changed = replace(APP, egress_gb=Decimal(15_000), load_balancers=7, registry_gb=Decimal(9))
    shown = look(pinned, "#egress=15000&lb=7&registry=9")
    assert shown == expected(compared(changed, machines=CHEAP))


def test_more_replicas_are_packed_as_the_command_would(look: Look) -> None:
    tripled = compared(replace(APP, pods=APP.pods * 3))
    assert look(compared(), "#scale=3") == expected(tripled)
