"""What the push promises, beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.measure import Figures


@dataclass(frozen=True)
class Promise:
    """`value` is to be at most `limit`."""

    what: str
    value: float
    limit: float

    @property
    def kept(self) -> bool:
        return self.value <= self.limit


def ratio(rows: Mapping[str, Figures], ours: str, peer: str, limit: float) -> list[Promise]:
    """The wall time of one row at most `limit` of another's; nothing where a row is missing."""
    if ours not in rows or peer not in rows:
        return []
    return [Promise(f"{ours} / {peer}", rows[ours].wall / rows[peer].wall, limit)]


def memory(rows: Mapping[str, Figures], ours: str, limit: float = 80) -> list[Promise]:
    """The peak memory in MiB."""
    return [Promise(f"{ours}: MiB at most", rows[ours].memory, limit)] if ours in rows else []


def requests(rows: Mapping[str, Figures], ours: str, limit: float) -> list[Promise]:
    """How many requests a push costs."""
    found = rows[ours].requests if ours in rows else None
    return [] if found is None else [Promise(f"{ours}: requests", found, limit)]


def show(promises: list[Promise]) -> None:
    """Print each with pass or FAIL beside it."""
    for one in promises:
        verdict = "pass" if one.kept else "FAIL"
        print(f"  {one.what:<52}{one.value:>8.2f} <= {one.limit:<6g} {verdict}")
