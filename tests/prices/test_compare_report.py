"""The report is one file that needs nothing else, and shows the numbers of the JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from clouddeploy.prices.packing import Pod
from clouddeploy.prices.plain import plain
from clouddeploy.prices.report import report
from tests.prices.reference import APP, compared


def embedded(page: str) -> Any:
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert match
    return json.loads(match[1])


def test_the_report_asks_the_network_for_nothing() -> None:
    page = report(compared())
    assert not re.search(r'(src|href)="(?!#)|@import|url\((?!#)|fetch\(|XMLHttpRequest|WebSocket', page)
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


def test_amounts_in_the_page_are_exact() -> None:
    line = next(
        line
        for offer in embedded(report(compared()))["scales"][0]["lanes"][0]["offers"]
        for line in offer["lines"]
        if line["kind"] == "nodes" and offer["provider"] == "gcp"
    )
    assert Decimal(line["unit_usd"]) * Decimal(line["quantity"]) == Decimal(line["usd_month"])
