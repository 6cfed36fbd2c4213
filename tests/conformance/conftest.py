"""The conformance suite over this repository's rigs."""

from __future__ import annotations

import pytest

from clouddeploy.conformance.fixtures import asking, cloud, each_rig, fixing, provider, rig, site
from tests.conformance.rigs import RIGS

__all__ = ["asking", "cloud", "fixing", "provider", "rig", "site"]

PARTS = ("changes", "clusters", "connect", "doctor", "provisioner", "registry")

for name in ("checks", *(f"test_{part}" for part in PARTS)):
    pytest.register_assert_rewrite(f"clouddeploy.conformance.{name}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    each_rig(metafunc, RIGS)
