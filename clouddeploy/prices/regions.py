"""Which region of a cloud serves a wish: an area's own, else the nearest one by great circle."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from clouddeploy.errors import ConfigError
from clouddeploy.prices.catalog import EVERYWHERE
from clouddeploy.prices.live import Live
from clouddeploy.prices.words import meant

Point = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """Where a cloud is priced; `note` says why it is another region than the one that was asked for."""

    region: str
    note: str = ""


@cache
def _data() -> Mapping[str, Any]:
    text = (resources.files("clouddeploy.prices") / "data" / "regions.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def check(wanted: str) -> None:
    """ConfigError unless `wanted` is an area or a region of some cloud, as far as is known here."""
    names = {*_data()["areas"], *(name for cloud in _data()["places"] for name in _points(cloud))}
    if wanted not in names:
        message = f"the region {wanted} is not known here{meant(wanted, names)}"
        areas = ", ".join(_data()["areas"])
        raise ConfigError(message, fix=f"--region {areas}, or a cloud's own region")


def known(cloud: str, region: str) -> bool:
    """Whether `region` is an area, or a cloud's region as far as is known here."""
    return region in _data()["areas"] or region in _points(cloud)


def _points(cloud: str) -> Mapping[str, Point]:
    """Where all regions of a cloud are, also those in which it offers no Kubernetes."""
    return {**_data()["places"].get(cloud, {}), **_data()["elsewhere"].get(cloud, {})}


def told(live: Sequence[Live]) -> str:
    """The first region that accounts were asked about, else the United States."""
    return next((one.region for one in live if one.region and known(one.provider, one.region)), "us")


def place(cloud: str, wanted: str, priced: Collection[str]) -> Place:
    """The region of `cloud` for `wanted`, among those that are `priced` for its nodes; EVERYWHERE is all."""
    own = _own(cloud, wanted)
    offered = _nearest(_data()["places"][cloud], _point(cloud, wanted)) if own is None else own
    note = "" if own else f"no region in {wanted}: nearest {offered}"
    if wanted in _data()["elsewhere"].get(cloud, {}):
        note = f"no Kubernetes known in {wanted}: nearest {offered}"
    if EVERYWHERE in priced or offered in priced:
        return Place(offered, note)
    places = {name: point for name, point in _data()["places"][cloud].items() if name in priced}
    if not places:
        return Place(offered, note)
    nearest = _nearest(places, _point(cloud, offered))
    return Place(nearest, f"no node price for {offered}: nearest {nearest}")


def _own(cloud: str, wanted: str) -> str | None:
    """The cloud's own region of this name, or of this area."""
    if wanted in _data()["areas"]:
        found: str | None = _data()["areas"][wanted].get(cloud)
        return found
    return wanted if wanted in _data()["places"][cloud] else _same_city(cloud, wanted)


def _same_city(cloud: str, wanted: str) -> str | None:
    point = _point(cloud, wanted)
    places: Mapping[str, Point] = _data()["places"][cloud]
    name = _nearest(places, point)
    return name if _distance(places[name], point) < 150 else None


def _point(cloud: str, wanted: str) -> Point:
    """Where `wanted` is. Clouds share names for different places, so the own meaning comes first."""
    areas = _data()["areas"]
    for one in (cloud, *(other for other in _data()["places"] if other != cloud)):
        name = areas[wanted].get(one) if wanted in areas else wanted
        if name in (points := _points(one)):
            return points[name]
    raise KeyError(wanted)


def _nearest(places: Mapping[str, Point], point: Point) -> str:
    """Of several in one place the first."""
    return min(places, key=lambda name: _distance(places[name], point))


def _distance(one: Point, other: Point) -> float:
    """Kilometres along a great circle (haversine)."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*one, *other))
    h = math.sin((lat2 - lat1) / 2) ** 2
    h += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(h))
