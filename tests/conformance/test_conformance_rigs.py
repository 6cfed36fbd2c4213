"""Every provider that this repository registers is in the suite."""

from __future__ import annotations

from importlib.metadata import distribution

from clouddeploy import plugins
from tests.conformance.rigs import RIGS


def test_the_rigs_are_the_registered_providers() -> None:
    ours = distribution("clouddeploy").entry_points.select(group=plugins.PROVIDERS)
    assert sorted(rig.name for rig in RIGS) == sorted(point.name for point in ours)
