"""The figures of a benchmark as a table, each wall time also as a ratio to the first row's."""

from __future__ import annotations

from tests.benchmarks.measure import Figures


def show(title: str, rows: dict[str, Figures]) -> None:
    """Print the rows under a title; the first one is what the others are compared with."""
    first = next(iter(rows.values()))
    print(f"\n{title}  (medians of {first.runs})")
    print(f"  {'':<36}{'wall s':>9}{'ratio':>7}{'cpu s':>9}{'MiB':>7}{'requests':>10}")
    for name, one in rows.items():
        requests = "" if one.requests is None else f"{one.requests:.0f}"
        print(
            f"  {name:<36}{one.wall:>9.3f}{one.wall / first.wall:>7.2f}{one.cpu:>9.3f}"
            f"{one.memory:>7.0f}{requests:>10}"
        )
