"""The role that `doctor --policy` prints is enough for a whole life."""

from __future__ import annotations

import pytest

from clouddeploy.clusters import up
from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import CredentialsError
from clouddeploy_gcp.emulator.routes import ROUTES
from clouddeploy_gcp.policy import EVERYTHING
from moto_fixtures.gcp import GcpAccount
from tests.providers.gcp.life import steps
from tests.providers.gcp.test_gcp_schema import whole_life

UNASKED = {"cloudresourcemanager.projects.get"}
"""Asking what one may do needs no permission: Resource Manager API, projects.testIamPermissions."""


@pytest.fixture
def releaser(gcp_account: GcpAccount) -> GcpAccount:
    """Whoever asks has the role and nothing else, of all that the emulated APIs know."""
    known = {route.permission for _, _, route in ROUTES}
    gcp_account.cloud.denied.update(known - UNASKED - set(EVERYTHING))
    assert gcp_account.cloud.denied
    return gcp_account


def test_a_whole_life_needs_nothing_else(releaser: GcpAccount) -> None:
    """APIs, registry, push, clusters, access, scale, upgrade, doctor, delete, leftovers."""
    whole_life(releaser)


@pytest.mark.parametrize("permission", ["container.clusters.create", "artifactregistry.repositories.create"])
def test_without_one_the_refusal_names_it(permission: str, releaser: GcpAccount) -> None:
    releaser.cloud.denied.add(permission)
    with pytest.raises(CredentialsError, match=permission) as caught:
        up(steps(releaser, ClusterSpec("demo")), clock=releaser.clock)
    assert f"allow {permission}" in str(caught.value.fix)
