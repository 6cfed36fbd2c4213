"""What a change costs is exact only where every amount that it changes is known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from clouddeploy.prices.against import Change, changes
from clouddeploy.prices.demand import Demand
from tests.prices.reference import APP, compared

ONE, THREE = replace(APP, load_balancers=1), replace(APP, load_balancers=3)


def changed(before: Demand, after: Demand, cloud: str) -> Change:
    return next(one for one in changes(compared(before), compared(after)) if one.provider == cloud)


def test_a_difference_between_known_bills_is_exact() -> None:
    one = changed(ONE, THREE, "digitalocean")
    assert (one.difference, one.least, str(one)) == (Decimal("24.00"), Decimal("24.00"), "+24.00")
    assert str(changed(THREE, ONE, "digitalocean")) == "-24.00"


def test_more_of_what_has_no_price_makes_the_difference_a_least_one() -> None:
    one = changed(ONE, THREE, "alibaba")
    assert one.before
    assert one.after
    assert one.before.total.unknown == one.after.total.unknown > 0
    assert one.difference is None
    assert one.least == Decimal("29.20")
    assert str(one) == ">= +29.20"


def test_less_of_what_has_no_price_makes_it_unknown() -> None:
    one = changed(THREE, ONE, "alibaba")
    assert (one.difference, one.least, str(one)) == (None, None, "unknown")


def test_as_much_of_what_has_no_price_as_before_leaves_it_exact() -> None:
    one = changed(ONE, replace(ONE, volumes=(*ONE.volumes, 100)), "alibaba")
    assert one.difference == Decimal("7.70")


def test_a_cloud_without_an_offer_has_no_difference() -> None:
    one = changed(ONE, THREE, "digitalocean")
    for missing in (replace(one, before=None), replace(one, after=None)):
        assert (missing.difference, str(missing)) == (None, "unknown")
