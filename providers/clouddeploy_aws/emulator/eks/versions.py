"""The Kubernetes versions that EKS offers in November 2026, with the support that each has.

Source: endoflife.date, products/amazon-eks.md; EKS user guide, "Understand the Kubernetes version lifecycle":
extended support lasts twelve months longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

STANDARD, EXTENDED = "STANDARD_SUPPORT", "EXTENDED_SUPPORT"
DEFAULT = "1.36"


@dataclass(frozen=True)
class Version:
    """A minor; `until` is when its standard support ends."""

    minor: str
    until: datetime
    support: str = STANDARD

    def describe(self) -> dict[str, Any]:
        """As DescribeClusterVersions shows it; `status` is the older name of `versionStatus`."""
        return {
            "clusterVersion": self.minor,
            "clusterType": "eks",
            "defaultVersion": self.minor == DEFAULT,
            "endOfStandardSupportDate": self.until,
            "endOfExtendedSupportDate": self.until.replace(year=self.until.year + 1),
            "status": _older(self.support),
            "versionStatus": self.support,
        }


VERSIONS: Mapping[str, Version] = {
    one.minor: one
    for one in (
        Version("1.36", datetime(2027, 8, 2, tzinfo=UTC)),
        Version("1.35", datetime(2027, 3, 27, tzinfo=UTC)),
        Version("1.34", datetime(2026, 12, 2, tzinfo=UTC)),
        Version("1.33", datetime(2026, 7, 29, tzinfo=UTC), EXTENDED),
        Version("1.32", datetime(2026, 3, 23, tzinfo=UTC), EXTENDED),
    )
}
"""Newest first."""


def described(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What DescribeClusterVersions answers to its filters."""
    asked = {
        "clusterVersion": request.get("clusterVersions"),
        "versionStatus": [request["versionStatus"]] if request.get("versionStatus") else None,
        "status": [request["status"]] if request.get("status") else None,
        "defaultVersion": [True] if request.get("defaultOnly") else None,
    }
    every = (one.describe() for one in VERSIONS.values())
    return [one for one in every if all(not wanted or one[key] in wanted for key, wanted in asked.items())]


def _older(support: str) -> str:
    return support.lower().replace("_", "-")
