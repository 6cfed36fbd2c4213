"""The comparison as one HTML file that needs nothing else: no network, no other file.

The page computes totals from the same charges as `bill`, so that they follow when a reader
changes an assumption; what depends on packing is computed here for several numbers of replicas.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from clouddeploy.prices.bill import KINDS, bill, drivers
from clouddeploy.prices.clouds import CLOUDS
from clouddeploy.prices.clouds.base import Site
from clouddeploy.prices.compare import compare
from clouddeploy.prices.demand import scaled
from clouddeploy.prices.offers import Comparison
from clouddeploy.prices.plain import lanes, line_of, plain, text

FACTORS = (1, 2, 3, 4, 5, 6, 7, 8)
"""How many times the app's replicas the page can show."""

_SCRIPTS = ("model.js", "bars.js", "chart.js", "nodes.js", "page.js")

_MANY = 400
"""From so many pods on only the app itself is computed."""


def report(comparison: Comparison) -> str:
    """The HTML text; deterministic for the same comparison."""
    page = _asset("page.html")
    for name, content in (
        ("/*STYLE*/", _asset("style.css")),
        ("/*DATA*/", _json(_data(comparison))),
        ("/*SCRIPT*/", "".join(map(_asset, _SCRIPTS))),
    ):
        page = page.replace(name, content)
    return page


def _data(comparison: Comparison) -> dict[str, Any]:
    sources: dict[str, int] = {}
    demand = comparison.demand
    few = len(demand.pods) <= _MANY and len(scaled(demand, 2).pods) > len(demand.pods)
    scales = [
        {
            "factor": factor,
            "pods": len(scaled(demand, factor).pods),
            "lanes": _interned(_at(comparison, factor), sources),
        }
        for factor in (FACTORS if few else FACTORS[:1])
    ]
    base = plain(comparison)
    del base["lanes"]
    clouds = {cloud.name: cloud.title for cloud in CLOUDS}
    keeping = _keeping(comparison, sources)
    return {
        **base,
        "kinds": KINDS,
        "clouds": clouds,
        "scales": scales,
        "keeping": keeping,
        "sources": list(sources),
    }


def _keeping(comparison: Comparison, sources: dict[str, int]) -> Any:
    """The registry plans that each cloud with an offer lets one choose from."""
    demand, wishes, assumed = comparison.demand, comparison.wishes, comparison.assumed
    by = drivers(demand, assumed, wishes)
    found = {}
    for offer in {one.cloud.name: one for lane in comparison.lanes for one in lane.offers}.values():
        nodes = len(offer.packing.nodes)
        site = Site(comparison.catalog, offer.place.region, offer.machine, nodes, demand, wishes, assumed)
        found[offer.cloud.name] = [
            {
                "most_gb": None if way.most_gb is None else text(way.most_gb),
                "lines": _sourced([line_of(line) for line in bill(way.charges, by)], sources),
            }
            for way in offer.cloud.keeping(site)
        ]
    return found


def _at(comparison: Comparison, factor: int) -> Any:
    if factor == 1:
        return lanes(comparison)
    demand = scaled(comparison.demand, factor)
    return lanes(compare(demand, comparison.wishes, comparison.catalog, comparison.assumed, comparison.live))


def _interned(value: Any, sources: dict[str, int]) -> Any:
    """With every source replaced by its place in the list of sources."""
    for lane in value:
        for offer in lane["offers"]:
            _sourced(offer["lines"], sources)
    return value


def _sourced(lines: list[dict[str, Any]], sources: dict[str, int]) -> list[dict[str, Any]]:
    for line in lines:
        line["source"] = sources.setdefault(line["source"], len(sources))
    return lines


def _json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _asset(name: str) -> str:
    return (resources.files("clouddeploy.prices") / "data" / "report" / name).read_text("utf-8")
