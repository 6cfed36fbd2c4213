"""The manual's account of the emulated clouds is made from a run, and of the tests that there are."""

from __future__ import annotations

import ast
from pathlib import Path

from clouddeploy import conformance
from tests.conformance.rigs import RIGS
from tests.fidelity_page import BEGIN, END, PAGE, Case, figures, read, sentence, written
from tests.fidelity_page import conformance as grid

REPORT = """<testsuites><testsuite name="pytest">
  <testcase classname="tests.conformance.test_conformance_changes" name="test_nodes_are_scaled[aws]">
    <skipped message="as pods need them"/></testcase>
  <testcase classname="tests.conformance.test_conformance_changes" name="test_nodes_are_scaled[gcp-up]"/>
  <testcase classname="tests.conformance.test_conformance_changes" name="test_nodes_are_scaled[gcp-down]">
    <skipped message="not there"/></testcase>
  <testcase classname="tests.providers.gcp.test_gcp_schema" name="test_a_whole_life">
    <properties><property name="agreement" value="gcp: 303 of 31 operations"/></properties></testcase>
  <testcase classname="tests.providers.gcp.test_gcp_schema" name="test_bad"><failure message="no"/></testcase>
</testsuite></testsuites>"""


def test_a_report_is_read() -> None:
    cases = list(read(REPORT))
    assert [one.outcome for one in cases] == ["skipped", "passed", "skipped", "passed", "failed"]
    assert cases[0] == Case("test_conformance_changes", "test_nodes_are_scaled", "aws", "skipped", [])
    assert cases[3].properties == [("agreement", "gcp: 303 of 31 operations")]


def test_each_cloud_is_a_column_and_each_test_a_row() -> None:
    shown = grid(read(REPORT)).splitlines()
    assert shown == ["|  | aws | gcp |", "| --- | :-: | :-: |", "| nodes are scaled | — | ✓ |"]


def test_figures_are_a_row_for_each_cloud() -> None:
    assert figures(read(REPORT), "agreement", "calls").splitlines()[2:] == ["| gcp | 303 of 31 operations |"]


def test_what_people_wrote_on_the_page_stays() -> None:
    old = f"# Title\n\n{BEGIN}\nold\n{END}\nThe end.\n"
    page = written(old, list(read(REPORT)))
    assert page.startswith("# Title\n\n<!-- made by")
    assert page.endswith("<!-- end -->\nThe end.\n")
    assert "old" not in page


def _tests() -> set[str]:
    folder = Path(conformance.__file__).parent
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in folder.glob("test_*.py")]
    names = [node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {sentence(name) for name in names if name.startswith("test_")}


def _rows() -> dict[str, list[str]]:
    text = PAGE.read_text(encoding="utf-8").partition("## The same behaviour everywhere")[2]
    lines = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")]
    return {name.strip(): [cell.strip() for cell in cells] for name, *cells in lines}


def test_the_page_shows_every_test_of_the_suite_over_every_provider() -> None:
    assert _rows()[""] == sorted(rig.name for rig in RIGS)
    assert _tests() == set(_rows()) - {"", "---"}, "out of date: make fidelity"


def test_the_page_has_three_figures_of_every_cloud() -> None:
    text = PAGE.read_text(encoding="utf-8")
    counts = {text.count(f"\n| {rig.name} | ") for rig in RIGS if rig.name != "kubernetes"}
    assert counts == {3}, "out of date: make fidelity"


def test_nothing_on_the_page_failed() -> None:
    assert "✗" not in PAGE.read_text(encoding="utf-8")
