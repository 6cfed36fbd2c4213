"""The pytest plug-in of `clouddeploy provider test`: the suite over the rigs of `--rig`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint

import pytest

from clouddeploy.conformance.fixtures import asking, cloud, each_rig, fixing, provider, rig, site
from clouddeploy.conformance.rig import Rig

__all__ = ["asking", "cloud", "fixing", "provider", "rig", "site"]

pytest.register_assert_rewrite("clouddeploy.conformance.checks")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--rig module:attribute --provider NAME`"""
    parser.addoption("--rig", default=None, help="A Rig, or several, as module:attribute.")
    parser.addoption("--provider", default=None, help="Of several rigs only this provider's.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One run for each rig."""
    name, provider = (metafunc.config.getoption(option) for option in ("rig", "provider"))
    rigs = [rig for rig in named_rigs(str(name)) if provider in (None, rig.name)] if name else []
    if not rigs:
        raise pytest.UsageError(f"there is no rig of {provider or 'any provider'} at {name}")
    each_rig(metafunc, rigs)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of what none of the rigs promises are left out, not skipped."""
    asked = [item for item in items if "rig" not in getattr(item, "fixturenames", ()) or _has_rig(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in asked])
    items[:] = asked


def _has_rig(item: pytest.Item) -> bool:
    return isinstance(getattr(item, "callspec", None) and item.callspec.params.get("rig"), Rig)  # type: ignore[attr-defined]


def named_rigs(name: str) -> Sequence[Rig]:
    """The rig or rigs at `module:attribute`."""
    found: Rig | Sequence[Rig] = EntryPoint("rig", name, "clouddeploy.rigs").load()
    return (found,) if isinstance(found, Rig) else found
