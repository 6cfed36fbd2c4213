"""The comparison: every cloud's cheapest cluster for the app, in two lanes."""

from __future__ import annotations

from clouddeploy.errors import ConfigError
from clouddeploy.prices import regions
from clouddeploy.prices.catalog import Catalog
from clouddeploy.prices.choose import Question, answer
from clouddeploy.prices.clouds import CLOUDS
from clouddeploy.prices.demand import Assumptions, Demand, Wishes
from clouddeploy.prices.offers import LANES, STEADY, Comparison, Lane, Offer, Unfit


def compare(
    demand: Demand, wishes: Wishes, catalog: Catalog, assumed: Assumptions | None = None
) -> Comparison:
    """What the app would cost on every cloud; ConfigError for a region that no cloud has."""
    regions.check(wishes.region)
    if not demand.pods:
        raise ConfigError("an app without a pod costs nothing to compare", fix="--replicas 1 or more")
    assumed = assumed or Assumptions()
    lanes = tuple(_lane(name, demand, wishes, catalog, assumed) for name in LANES)
    return Comparison(demand, wishes, assumed, catalog, lanes)


def _lane(name: str, demand: Demand, wishes: Wishes, catalog: Catalog, assumed: Assumptions) -> Lane:
    found = []
    for cloud in CLOUDS:
        place = regions.place(cloud.name, wishes.region, catalog.priced_regions(cloud.name))
        found.append(answer(Question(cloud, place, catalog, demand, wishes, assumed), name == STEADY))
    offers = sorted((one for one in found if isinstance(one, Offer)), key=lambda offer: offer.rank)
    return Lane(name, tuple(offers), tuple(one for one in found if isinstance(one, Unfit)))
