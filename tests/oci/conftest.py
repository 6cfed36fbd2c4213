"""A scripted registry and a client for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clouddeploy.contract import Login, Secret
from clouddeploy.oci.client import RegistryClient
from tests.oci.scripted import Scripted
from tests.oci.waits import Waits

PASSWORD = "correct-horse-battery"


@pytest.fixture
def registry() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Scripted]:
    """Another server: an object store, a token server, an attacker."""
    with Scripted() as server:
        yield server


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client(registry: Scripted, waits: Waits) -> Iterator[RegistryClient]:
    """Has the registry's credentials, and gives them when it is asked."""
    login = Login(registry.host, "ci", Secret(PASSWORD))
    with RegistryClient(registry.host, lambda: login, timeout=5, retry=waits.retry) as found:
        yield found
