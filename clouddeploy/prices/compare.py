"""The comparison: every cloud's cheapest cluster for the app, in two lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clouddeploy.errors import ConfigError
from clouddeploy.prices import regions
from clouddeploy.prices.catalog import Catalog
from clouddeploy.prices.choose import Question, answer
from clouddeploy.prices.clouds import CLOUDS
from clouddeploy.prices.demand import Assumptions, Demand, Wishes
from clouddeploy.prices.live import Live
from clouddeploy.prices.offers import LANES, STEADY, Comparison, Lane, Offer, Unfit


def compare(
    demand: Demand,
    wishes: Wishes,
    catalog: Catalog,
    assumed: Assumptions | None = None,
    live: Sequence[Live] = (),
) -> Comparison:
    """What the app would cost on every cloud; ConfigError for a region that no cloud has.

    What `live` accounts have said counts for their clouds, the first one of each cloud.
    """
    regions.check(wishes.region)
    if not demand.pods:
        raise ConfigError("an app without a pod costs nothing to compare", fix="--replicas 1 or more")
    empty = Comparison(demand, wishes, assumed or Assumptions(), catalog, (), tuple(live))
    return replace(empty, lanes=tuple(_lane(name, empty) for name in LANES))


def _lane(name: str, asked: Comparison) -> Lane:
    found = [answer(question, name == STEADY) for question in _questions(asked)]
    offers = sorted((one for one in found if isinstance(one, Offer)), key=lambda offer: offer.rank)
    return Lane(name, tuple(offers), tuple(one for one in found if isinstance(one, Unfit)))


def _questions(asked: Comparison) -> Sequence[Question]:
    demand, wishes, catalog, assumed = asked.demand, asked.wishes, asked.catalog, asked.assumed
    told = {one.provider: one for one in reversed(asked.live)}
    places = {
        cloud.name: regions.place(cloud.name, wishes.region, catalog.priced_regions(cloud.name, wishes.arch))
        for cloud in CLOUDS
    }
    return [
        Question(cloud, places[cloud.name], catalog, demand, wishes, assumed, told.get(cloud.name))
        for cloud in CLOUDS
    ]
