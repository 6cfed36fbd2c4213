"""The reference app of these tests: three services, one volume, one load balancer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from clouddeploy.prices.catalog import bundled
from clouddeploy.prices.compare import compare
from clouddeploy.prices.demand import Demand, Wishes
from clouddeploy.prices.offers import Comparison, Offer
from clouddeploy.prices.packing import Pod

CATALOG = bundled()

APP = Demand(
    name="shop",
    pods=(Pod(500, 512, "web"),) * 2 + (Pod(1000, 1024, "api"),) * 3 + (Pod(500, 1024, "redis"),),
    load_balancers=1,
    volumes=(10,),
    egress_gb=Decimal(200),
    registry_gb=Decimal(5),
    repositories=3,
)

WISHES = Wishes(today=date(2026, 11, 23))

CHEAP = {
    "aws": "t3.medium",
    "gcp": "e2-standard-2",
    "digitalocean": "s-2vcpu-4gb",
    "alibaba": "ecs.e-c1m2.xlarge",
}
STEADY = {"aws": "c7i.large", "gcp": "n2d-standard-2", "digitalocean": "c-2", "alibaba": "ecs.c9i.xlarge"}


def compared(demand: Demand = APP, **wishes: object) -> Comparison:
    """The comparison for the reference app on the day that the catalogue was made."""
    return compare(demand, replace(WISHES, **wishes), CATALOG)  # type: ignore[arg-type]


def offers(comparison: Comparison, lane: int = 0) -> dict[str, Offer]:
    """The offers of one lane by the cloud's name."""
    return {offer.cloud.name: offer for offer in comparison.lanes[lane].offers}
