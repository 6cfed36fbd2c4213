"""docs/providers.md: what each provider can do, read from the code.

Run as `python -m tests.providers_page` (or `make docs`) to write it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from clouddeploy import plugins
from clouddeploy.contract import ClusterSpec, Provider, TargetSettings

PAGE = Path(__file__).parents[1] / "docs" / "providers.md"
BEGIN, END = "<!-- made by `make docs` -->", "<!-- end -->"


def written(page: str) -> str:
    """The page with its table made anew; the rest stays."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{matrix(OURS)}\n{END}{after}"


def matrix(names: Sequence[str]) -> str:
    """A Markdown table: a row for each ability, a column for each provider."""
    abilities = {name: plugins.abilities(name) for name in names}
    connected = {name: _connected(name) for name in names}
    rows = [["", *(f"`{name}`" for name in names)], ["---", *(":-:" for _ in names)]]
    rows += [
        [ability, *(_mark(abilities[name][ability]) for name in names)] for ability in abilities[names[0]]
    ]
    traits = {
        "storage class": lambda one: one.traits.storage_class,
        "smallest volume": lambda one: f"{one.traits.min_volume_gib} GiB",
        "Ingress class": lambda one: one.traits.ingress_class,
    }
    rows += [[title, *(read(connected[name]) or "—" for name in names)] for title, read in traits.items()]
    rows.append(["install", *(f"`clouddeploy[{name}]`" for name in names)])
    return "\n".join(_line(row) for row in rows)


def _connected(name: str) -> Provider:
    return plugins.connect(TargetSettings(name, name, ClusterSpec("app")))


def _mark(has: bool) -> str:
    return "✓" if has else "—"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


OURS = tuple(name for name in plugins.names() if plugins.describe(name).package == "clouddeploy")

if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
