"""What every provider's inventory does: it reads what the account may have, and changes nothing."""

from __future__ import annotations

import pytest

from clouddeploy.conformance.rig import Site
from clouddeploy.contract import Inventory, Provider


@pytest.fixture
def inventory(provider: Provider) -> Inventory:
    if provider.inventory is None:
        pytest.skip("this provider has no inventory")
    return provider.inventory


def test_machine_types_have_a_size_and_a_name_of_their_own(inventory: Inventory) -> None:
    found = list(inventory.machines())
    assert found
    assert len({one.name for one in found}) == len(found)
    for one in found:
        assert one.cpus >= 1, one
        assert one.memory_gib > 0, one
        assert one.arch in {"amd64", "arm64"}, one


def test_quotas_say_what_they_limit(inventory: Inventory) -> None:
    found = list(inventory.quotas())
    assert found
    for one in found:
        assert one.what
        assert one.counts in {"", "cpus", "nodes"}, one
        assert one.limit is None or one.limit >= 0, one


def test_reading_writes_nothing(inventory: Inventory, site: Site) -> None:
    if site.writes is None:
        pytest.skip("this site does not count writes")
    before = site.writes()
    inventory.machines()
    inventory.quotas()
    assert site.writes() == before
