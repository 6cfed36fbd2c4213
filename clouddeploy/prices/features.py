"""What the clouds offer besides their prices: dated facts with sources, Kubernetes versions with ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any


class Support(Enum):
    """How far a cloud still supports a Kubernetes minor."""

    STANDARD = "standard"
    EXTENDED = "extended"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Version:
    """A Kubernetes minor; `until` is the last day of the support it has, None when not published."""

    minor: str
    until: date | None
    standard: bool


@dataclass(frozen=True)
class Feature:
    """One fact about one cloud."""

    text: str
    source: str
    as_of: date | None


@cache
def _data() -> Mapping[str, Any]:
    text = (resources.files("clouddeploy.prices") / "data" / "features.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def versions(cloud: str) -> tuple[Version, ...]:
    """The Kubernetes minors of a cloud, newest first."""
    return tuple(
        Version(one["v"], date.fromisoformat(one["until"]) if one["until"] else None, one["standard"])
        for one in _data()[cloud]["versions"]
    )


def support(cloud: str, minor: str, today: date) -> Support:
    """What support a minor has today. A standard window that has passed means extended support on EKS."""
    known = next((one for one in versions(cloud) if one.minor == minor), None)
    if known is None or known.until is None:
        return Support.UNKNOWN if known is None else Support.STANDARD
    if known.standard:
        ended = Support.EXTENDED if cloud == "aws" else Support.ENDED
        return Support.STANDARD if today <= known.until else ended
    return Support.EXTENDED if today <= known.until else Support.ENDED


def features(cloud: str, today: date) -> dict[str, Feature]:
    """Every fact about a cloud by its name, the supported versions first."""
    raw = _data()[cloud]
    named = [
        f"{one.minor} until {one.until}" if one.until else one.minor
        for one in versions(cloud)
        if one.standard and (one.until is None or one.until >= today)
    ]
    as_of = date.fromisoformat(raw["versions_as_of"])
    found = {"Kubernetes": Feature(", ".join(named), raw["versions_source"], as_of)}
    for name, cell in raw["features"].items():
        when = date.fromisoformat(cell["as_of"]) if cell["as_of"] else None
        found[name] = Feature(cell["text"], cell["source"], when)
    return found
