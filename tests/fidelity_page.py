"""docs/fidelity.md: what was done to the emulated clouds in one run of the tests, and what they answered.

Run as `python -m tests.fidelity_page` (or `make fidelity`) to run those tests and write it anew. Tests
hand over their figures as properties of the JUnit report: `agreement`, `refusals` and `crash points`
as `CLOUD: …` lines, `transcript` as text.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

PAGE = Path(__file__).parents[1] / "docs" / "fidelity.md"
BEGIN, END = "<!-- made by `make fidelity` -->", "<!-- end -->"
TESTS = ("tests/conformance", "tests/providers")
_MARKS = {"failed": "✗", "passed": "✓", "skipped": "—"}
_WORST = tuple(_MARKS)


@dataclass(frozen=True)
class Case:
    """One test of the run: `given` is what stands in its brackets, `outcome` a key of `_MARKS`."""

    module: str
    name: str
    given: str
    outcome: str
    properties: Sequence[tuple[str, str]]


def main() -> int:
    """Run the tests and write the page; pytest's exit code, with the page untouched unless it is 0."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
        run = subprocess.run([*command, f"--junitxml={report}", *TESTS], check=False)
        if run.returncode == 0:
            cases = sorted(read(report.read_text(encoding="utf-8")), key=lambda one: (one.module, one.name))
            PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), cases), encoding="utf-8")
    return run.returncode


def read(report: str) -> Iterator[Case]:
    """The cases of a JUnit report, in its order."""
    for one in ElementTree.fromstring(report).iter("testcase"):
        name, _, given = one.get("name", "").partition("[")
        kinds = {child.tag for child in one}
        outcome = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        properties = [(each.get("name", ""), each.get("value", "")) for each in one.iter("property")]
        module = one.get("classname", "").rpartition(".")[2]
        yield Case(module, name, given.removesuffix("]"), outcome, properties)


def written(page: str, cases: Sequence[Case]) -> str:
    """The page with what was measured made anew; the rest stays."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{measured(cases)}\n{END}{after}"


def measured(cases: Sequence[Case]) -> str:
    """All tables, as Markdown."""
    parts = [
        "## The official descriptions agree",
        figures(cases, "agreement", "requests and their answers"),
        "## What the descriptions forbid is refused",
        figures(cases, "refusals", "requests that are forbidden"),
        "## Cut off anywhere, it goes on",
        figures(cases, "crash points", "moments"),
        "## Real clients",
        *(f"```\n{value}\n```" for value in found(cases, "transcript")),
        "## The same behaviour everywhere",
        conformance(cases),
    ]
    return "\n\n".join(parts)


def figures(cases: Iterable[Case], name: str, heading: str) -> str:
    """A table with a row for each cloud of a property."""
    rows = sorted(value.partition(": ")[::2] for value in found(cases, name))
    return table([["cloud", heading], ["---", "---"], *([cloud, figure] for cloud, figure in rows)])


def found(cases: Iterable[Case], name: str) -> Iterator[str]:
    """The values of a property, in the order of the run."""
    for case in cases:
        yield from (value for key, value in case.properties if key == name)


def conformance(cases: Iterable[Case]) -> str:
    """A table: a row for each test of the conformance suite, a column for each provider."""
    outcomes: dict[str, dict[str, str]] = {}
    for case in cases:
        if case.module.startswith("test_conformance_") and case.given:
            row, provider = outcomes.setdefault(case.name, {}), case.given.partition("-")[0]
            row[provider] = min(case.outcome, row.get(provider, case.outcome), key=_WORST.index)
    providers = sorted({one for row in outcomes.values() for one in row})
    rows = [
        [sentence(name), *(_MARKS[row.get(one, "skipped")] for one in providers)]
        for name, row in outcomes.items()
    ]
    return table([["", *providers], ["---", *(":-:" for _ in providers)], *rows])


def sentence(name: str) -> str:
    """A test's name as a person reads it."""
    return name.removeprefix("test_").replace("_", " ")


def table(rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
