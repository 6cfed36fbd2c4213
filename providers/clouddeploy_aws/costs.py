"""What a cluster costs, and what it left behind, as far as a small price list can say.

Source: https://aws.amazon.com/eks/pricing/, https://aws.amazon.com/vpc/pricing/,
https://aws.amazon.com/ebs/pricing/, https://aws.amazon.com/elasticloadbalancing/pricing/, October 2026.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from clouddeploy.contract import Cost

_HOURS = 730  # in an average month
_CONTROL_PLANE = Decimal("0.10")  # USD an hour, the same in every region
_EXTENDED_SUPPORT = Decimal("0.50")  # USD an hour on top, once a version's standard support has ended
_ELSEWHERE = "us-east-1"

_HOURLY: Mapping[str, Mapping[str, Decimal]] = {
    "load balancer": {_ELSEWHERE: Decimal("0.0225"), "ap-northeast-2": Decimal("0.0225")},
    "NAT gateway": {_ELSEWHERE: Decimal("0.045"), "ap-northeast-2": Decimal("0.059")},
    "Elastic IP address": {_ELSEWHERE: Decimal("0.005")},  # the same in every region
}
"""USD an hour, without traffic."""

_GIB_MONTH: Mapping[str, Mapping[str, Decimal]] = {
    "gp3": {_ELSEWHERE: Decimal("0.08"), "ap-northeast-2": Decimal("0.0912")},
}
"""USD a GiB and month, by volume type."""


def monthly(kind: str, region: str) -> Decimal | None:
    """What one thing costs a month; in a region that is not listed about what it costs in us-east-1."""
    prices = _HOURLY.get(kind)
    return _regional(prices, region) * _HOURS if prices else None


def volume_monthly(volume_type: str, gib: int, region: str) -> Decimal | None:
    """What a volume costs a month; None for a type without a price here."""
    prices = _GIB_MONTH.get(volume_type)
    return _regional(prices, region) * gib if prices else None


def control_plane_monthly(*, extended: bool = False) -> Decimal:
    """What a cluster's control plane costs a month, while its version has standard or extended support."""
    return (_CONTROL_PLANE + (_EXTENDED_SUPPORT if extended else 0)) * _HOURS


def _regional(prices: Mapping[str, Decimal], region: str) -> Decimal:
    return prices.get(region, prices[_ELSEWHERE])


def costs() -> Sequence[Cost]:
    """The control plane's price; nodes come and go with the pods, so theirs is unknown."""
    return (
        Cost(
            "control plane",
            control_plane_monthly(),
            "0.10 USD an hour while the version is in standard support",
        ),
        Cost("nodes", None, "EC2 prices and about 12 % for Auto Mode, while pods need them"),
        Cost("public IPv4 addresses", None, "0.005 USD an hour for each node and load balancer address"),
    )
